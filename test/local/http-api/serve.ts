import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { HttpEvent } from "../../../local/http-api/event.ts";
import { createHttpApi, HEADER_BYTES_MAX } from "../../../local/http-api/http-api.ts";
import type { CorsModel, HttpRouteModel, Invocation } from "../../../local/model.ts";

export interface ServeOptions {
  /** Route keys, or more of a route than its key. */
  routes?: (string | (Partial<HttpRouteModel> & { routeKey: string }))[];
  stage?: string;
  cors?: CorsModel;
  /** What the function does; by default it returns an empty 200. */
  invoke?: (event: HttpEvent) => Promise<Invocation>;
}

export interface ServedApi {
  origin: string;
  port: number;
  /** Every event that the function got, as it arrives through JSON. */
  events: HttpEvent[];
  logged: string[];
  /** The calls of `handle`. */
  handled: Promise<void>[];
  /** How many sockets the server holds open. */
  connections(): Promise<number>;
}

/** Serves one API to one test on a server of its own. */
export async function serve({
  routes = ["$default"],
  stage = "$default",
  cors,
  invoke,
}: ServeOptions = {}): Promise<ServedApi> {
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const served: ServedApi = {
    origin: `http://localhost:${port}`,
    port,
    events: [],
    logged: [],
    handled: [],
    connections: promisify(server.getConnections.bind(server)),
  };
  const api = createHttpApi({
    model: { path: "App/Api", apiId: "a1b2c3d4e5", stage, routes: routes.map(createRoute), cors },
    baseUrl: served.origin,
    log: (source, line) => served.logged.push(`${source}: ${line}`),
    invoke: async (_functionArn, sent) => {
      const event = JSON.parse(JSON.stringify(sent)) as HttpEvent;
      served.events.push(event);
      return (await invoke?.(event)) ?? returning({ statusCode: 200 });
    },
  });
  server.on("request", (request, response) => served.handled.push(api.handle(request, response)));
  return served;
}

function createRoute(route: string | (Partial<HttpRouteModel> & { routeKey: string })): HttpRouteModel {
  return {
    functionArn: "arn:aws:lambda:eu-west-1:123456789012:function:echo",
    timeoutMs: 5_000,
    scopes: [],
    ...(typeof route === "string" ? { routeKey: route } : route),
  };
}

export function returning(payload: unknown): Invocation {
  return { outcome: "returned", payload };
}

/** Sends bytes as they are and resolves with everything that comes back until the server closes. */
export async function sendRaw(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  for (const part of parts) socket.write(part);
  return text(socket);
}
