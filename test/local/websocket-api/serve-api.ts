import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Chaos } from "../../../local/chaos/chaos.ts";
import type { Invocation, WebSocketApiModel, WebSocketRouteModel } from "../../../local/model.ts";
import { createWebSocketApi, refusePlainRequest } from "../../../local/websocket-api/websocket-api.ts";

export const REGION_AND_ACCOUNT = "eu-north-1:123456789012";
export const OK = { statusCode: 200 };

/** As much of an event as the tests read; each member is there only where the gateway sends it. */
export interface Event {
  type?: string;
  methodArn?: string;
  headers?: Record<string, string>;
  multiValueHeaders?: Record<string, string[]>;
  queryStringParameters?: Record<string, string>;
  multiValueQueryStringParameters?: Record<string, string[]>;
  stageVariables?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
  requestContext: Record<string, unknown> & {
    routeKey: string;
    connectionId: string;
    requestId: string;
    connectedAt: number;
    requestTimeEpoch: number;
  };
}

/** A function of the API under test: returns its payload, or throws as a handler throws. */
export type Handler = (event: Event) => unknown;

export interface Options {
  /** By route key; each is a route. A missing `$disconnect` or `$connect` is a missing route. */
  handlers: Record<string, Handler>;
  /** Route keys that have a route response. */
  twoWay?: string[];
  authorizer?: { handler: Handler; identitySources?: string[] };
  integrationTimeoutMs?: number;
  idleTimeoutMs?: number;
  lifeMaxMs?: number;
  chaos?: Chaos;
}

export interface DialOptions {
  path?: string;
  protocols?: string[];
  headers?: Record<string, string | string[]>;
  perMessageDeflate?: boolean;
}

/** Lets a handler end as Lambda, not the handler, decides. */
export class Outcome extends Error {
  readonly invocation: Invocation;
  constructor(invocation: Invocation) {
    super(invocation.outcome);
    this.invocation = invocation;
  }
}

/** Serves an API on a port of its own until the test is finished. */
export async function serveApi({
  handlers,
  twoWay = [],
  authorizer,
  integrationTimeoutMs = 5_000,
  ...limits
}: Options) {
  const functionArn = (name: string) => `arn:aws:lambda:${REGION_AND_ACCOUNT}:function:${name}`;
  const routes = Object.keys(handlers).map(
    (routeKey): WebSocketRouteModel => ({
      routeKey,
      functionArn: functionArn(routeKey),
      timeoutMs: integrationTimeoutMs,
      twoWay: twoWay.includes(routeKey),
    }),
  );
  const model: WebSocketApiModel = {
    path: "Test/Api",
    apiId: "a1b2c3d4e5",
    stage: "ws",
    routeSelectionExpression: "$request.body.action",
    routes,
    ...(authorizer && {
      authorizer: { functionArn: functionArn("authorizer"), identitySources: authorizer.identitySources ?? [] },
    }),
  };

  const invoke = async (arn: string, event: unknown): Promise<Invocation> => {
    const name = arn.split(":").at(-1) ?? "";
    const handler = name === "authorizer" ? authorizer?.handler : handlers[name];
    try {
      const payload = await handler?.(JSON.parse(JSON.stringify(event)));
      return { outcome: "returned", payload: payload === undefined ? null : JSON.parse(JSON.stringify(payload)) };
    } catch (error) {
      if (error instanceof Outcome) return error.invocation;
      const { name: errorType, message: errorMessage } = error as Error;
      return { outcome: "failed", errorType, errorMessage };
    }
  };

  const server = createServer();
  const accepted: Socket[] = [];
  server.on("connection", (socket) => accepted.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const log: string[] = [];
  const baseUrl = `http://localhost:${port}`;
  const api = createWebSocketApi({ model, invoke, baseUrl, log: (_, line) => log.push(line), ...limits });
  server.on("upgrade", api.upgrade);
  server.on("request", (request, response) => {
    if (request.url?.includes("connections/")) void api.manage(request, response);
    else refusePlainRequest(response);
  });

  const clients = new Set<WebSocket | Socket>();
  onTestFinished(async () => {
    for (const client of clients) client instanceof WebSocket ? client.terminate() : client.destroy();
    await api.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  /** A client whose handshake is under way. */
  const dial = ({ path = "/ws", protocols = [], ...options }: DialOptions = {}): WebSocket => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { perMessageDeflate: false, ...options });
    client.on("error", () => {});
    clients.add(client);
    return client;
  };

  return {
    api,
    port,
    log,
    /** The server's ends of all TCP connections, in the order of their coming. */
    accepted,
    endpoint: `${baseUrl}/ws`,
    dial,

    /** A client whose handshake has succeeded. */
    async open(options?: DialOptions): Promise<WebSocket> {
      const client = dial(options);
      await once(client, "open");
      return client;
    },

    /** Status and body of a handshake that is refused. */
    async refused(options?: DialOptions) {
      const client = dial(options);
      const [request, response] = (await once(client, "unexpected-response")) as [unknown, IncomingMessage];
      let body = "";
      for await (const chunk of response.setEncoding("utf8")) body += chunk;
      (request as { destroy(): void }).destroy();
      return { statusCode: response.statusCode, headers: response.headers, body };
    },

    /** A TCP client that has written a handshake and reads nothing by itself. */
    rawDial({ key = "dGhlIHNhbXBsZSBub25jZQ==", headers = [] as string[] } = {}): Socket {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      clients.add(socket);
      const request = [
        "GET /ws HTTP/1.1",
        `Host: localhost:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${key}`,
        ...headers,
      ];
      socket.write(`${request.join("\r\n")}\r\n\r\n`);
      return socket;
    },
  };
}

/** The next text or binary message. */
export async function nextMessage(client: WebSocket): Promise<string> {
  const [data] = await once(client, "message");
  return String(data);
}

export async function closed(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(client, "close");
  return { code, reason: String(reason) };
}

/** A list that can be waited for to reach a length. */
export function collect<Item>() {
  const items: Item[] = [];
  const waiting: { count: number; resolve: (items: Item[]) => void }[] = [];
  return {
    items,
    push(item: Item) {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    reached: (count: number) =>
      new Promise<Item[]>((resolve) => {
        if (items.length >= count) resolve(items);
        else waiting.push({ count, resolve });
      }),
  };
}

/** A promise and what settles it. */
export function gate<Value = void>() {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
