import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { HEADER_BYTES_MAX } from "./http-api/http-api.ts";
import { ignoreUpgrade } from "./ignore-upgrade.ts";
import type { BaseUrl } from "./model.ts";

/** One path of the server: exact, or with `/*` at its end everything below. The first that fits serves. */
export interface Route {
  path: string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | void;
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** What requests under way ask for in their turn is still served during `drain`. Default false. */
  servesWhileDraining?: boolean;
  close?(): Promise<void>;
}

export interface ListeningServer {
  baseUrl: BaseUrl;
  /** Until this is called every request is answered 503. */
  serve(routes: Route[]): void;
  /** From now on new requests are answered 503. Resolves when those under way have ended, or after this long (5 s). */
  drain(msMax?: number): Promise<void>;
  close(): Promise<void>;
}

/** Longer than clients keep idle connections, so that none is closed while its next request is on the way. */
const KEEP_ALIVE_MS = 75_000;

/** What is still under way then is cut off. */
const DRAIN_MS_MAX = 5_000;

/**
 * Listens on both loopback addresses, since `localhost` may mean either.
 * Rejects with `PortTakenError` when another program has the port; port 0 takes a free one.
 */
export async function listen(port: number): Promise<ListeningServer> {
  let routes: Route[] | undefined;
  let isDraining = false;
  const underWay = new Set<Promise<void>>();
  /** By connection, when its latest request has been answered. */
  const answered = new WeakMap<Duplex, Promise<void>>();

  const isServing = () => routes !== undefined && !isDraining;
  const find = ({ url }: IncomingMessage) => {
    const route = findRoute(routes ?? [], url);
    return isDraining && !route?.servesWhileDraining ? undefined : route;
  };
  const create = () => {
    const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS });
    server.on("request", (request, response) => {
      request.url = originForm(request.url);
      const ended = new Promise<void>((resolve) => response.once("close", resolve));
      underWay.add(ended);
      answered.set(request.socket, ended);
      void ended.then(() => underWay.delete(ended));
      const route = find(request);
      if (route === undefined) refuse(response, isServing() ? 404 : 503);
      else void route.handle(request, response);
    });
    server.on("upgrade", (request, socket, head) => {
      if (request.headers.upgrade?.toLowerCase() !== "websocket")
        return void ignoreUpgrade(server, { request, socket, head, answered: answered.get(socket) });
      socket.on("error", () => undefined); // A client that resets the connection ends only that.
      request.url = originForm(request.url);
      const upgrade = find(request)?.upgrade;
      if (upgrade !== undefined) upgrade(request, socket, head);
      // An API that does not know the path says 403, as for an unknown stage.
      else refuseUpgrade(socket, isServing() ? 403 : 503);
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
    async drain(msMax = DRAIN_MS_MAX) {
      isDraining = true;
      await Promise.race([Promise.all(underWay), delay(msMax, undefined, { ref: false })]);
    },
    async close() {
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** The route that serves the target of a request; undefined where there is none. */
export function findRoute(routes: readonly Route[], target = "/"): Route | undefined {
  const path = (target.split("?", 1)[0] ?? "/").replace(/^(\/[^/]+)?\/%40/, "$1/@");
  return routes.find((route) =>
    route.path.endsWith("/*") ? path.startsWith(route.path.slice(0, -1)) : path === route.path,
  );
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

/** A proxy's form of a request's target, `http://host/path`, counts as its path and query (RFC 9112, section 3.2.2). */
function originForm(target = "/"): string {
  const [, rest] = /^(?:http|ws)s?:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function refusal(statusCode: number): { headers: Record<string, string | number>; body: string } {
  const body = JSON.stringify({ message: STATUS_CODES[statusCode] });
  return { headers: { "content-type": "application/json", "content-length": body.length }, body };
}

function refuse(response: ServerResponse, statusCode: number): void {
  const { headers, body } = refusal(statusCode);
  // While it drains, a connection that is kept alive would only be cut off later.
  response.writeHead(statusCode, statusCode === 503 ? { ...headers, connection: "close" } : headers).end(body);
}

/** Ends the handshake of a WebSocket with this status code. */
export function refuseUpgrade(socket: Duplex, statusCode: number): void {
  const { headers, body } = refusal(statusCode);
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join("")}\r\n${body}`,
    () => socket.destroy(), // A client that keeps its side open would keep the server from closing.
  );
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
