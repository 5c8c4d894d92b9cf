import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { HEADER_BYTES_MAX } from "./http-api/http-api.ts";
import type { BaseUrl } from "./model.ts";

/** One path of the server: exact, or with `/*` at its end everything below. The first that fits serves. */
export interface Route {
  path: string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | void;
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close?(): Promise<void>;
}

export interface ListeningServer {
  baseUrl: BaseUrl;
  /** Until this is called every request is answered 503. */
  serve(routes: Route[]): void;
  close(): Promise<void>;
}

/** Longer than clients keep idle connections, so that none is closed while its next request is on the way. */
const KEEP_ALIVE_MS = 75_000;

/**
 * Listens on both loopback addresses, since `localhost` may mean either.
 * Rejects with `PortTakenError` when another program has the port; port 0 takes a free one.
 */
export async function listen(port: number): Promise<ListeningServer> {
  let routes: Route[] | undefined;
  const find = ({ url = "/" }: IncomingMessage) => {
    const path = (url.split("?", 1)[0] ?? "/").replace(/^(\/[^/]+\/)%40/, "$1@");
    return routes?.find((route) =>
      route.path.endsWith("/*") ? path.startsWith(route.path.slice(0, -1)) : path === route.path,
    );
  };
  const create = () => {
    const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS });
    server.on("request", (request, response) => {
      const route = find(request);
      if (route !== undefined) void route.handle(request, response);
      else response.writeHead(routes === undefined ? 503 : 404).end();
    });
    server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => undefined); // A client that resets the connection ends only that.
      const upgrade = find(request)?.upgrade;
      if (upgrade !== undefined) upgrade(request, socket, head);
      // An API that does not know the path says 403, as for an unknown stage.
      else
        socket.end(
          `HTTP/1.1 ${routes === undefined ? "503 Service Unavailable" : "403 Forbidden"}\r\nConnection: close\r\n\r\n`,
          () => socket.destroy(), // A client that keeps its side open would keep the server from closing.
        );
    });
    return server;
  };

  const ipv4 = create();
  const takenPort = await bind(ipv4, { host: "127.0.0.1", port });
  const ipv6 = create();
  const servers = [ipv4];
  try {
    await bind(ipv6, { host: "::1", port: takenPort });
    servers.push(ipv6);
  } catch (error) {
    // A machine may be without IPv6; but where ::1 is another program's, `localhost` would lead there.
    if (error instanceof PortTakenError) {
      await closeServer(ipv4);
      throw error;
    }
  }
  return {
    baseUrl: `http://localhost:${takenPort}`,
    serve(served) {
      routes = served;
    },
    async close() {
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** Another program listens there. */
export class PortTakenError extends Error {
  override name = "PortTakenError";
  readonly port: number;

  constructor(port: number, cause: unknown) {
    super(`Port ${port} is taken by another program. Stop it, or choose another: PORT=${port + 1} npm start`, {
      cause,
    });
    this.port = port;
  }
}

function bind(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new PortTakenError(port, error) : error);
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
