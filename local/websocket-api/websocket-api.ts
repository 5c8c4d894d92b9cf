import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type VerifyClientCallbackAsync, WebSocketServer } from "ws";
import { type Chaos, createChaos } from "../chaos/chaos.ts";
import type { BaseUrl, Invoke, Log, WebSocketApiModel } from "../model.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { createConnectionsEndpoint } from "./connections-endpoint.ts";
import { disconnectEvent } from "./events.ts";
import type { Ending, Gateway } from "./gateway.ts";
import { type Admission, createHandshake } from "./handshake.ts";
import { invokeWithin } from "./integration.ts";
import {
  CLOSE_HANDSHAKE_MS_MAX,
  IDLE_TIMEOUT_MS,
  LIFE_MS_MAX,
  MESSAGE_BYTES_MAX,
  SHUTDOWN_MS_MAX,
  SWEEP_MS_MAX,
} from "./limits.ts";
import { createMessageRelay } from "./message-relay.ts";

/** The end of an idle or an old connection, and of all connections when the API closes. */
const GOING_AWAY: Ending = { code: 1001, reason: "Going away" };

export interface WebSocketApi {
  /** Serves an upgrade on `/{stage}`: opens a connection or refuses the handshake. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Serves a request below `/{stage}/@connections/`. Never rejects. */
  manage(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Connections that are established and whose socket has not closed yet. */
  connectionCount(): number;
  /**
   * Refuses new connections, closes every open one with 1001 and resolves when each `$disconnect` has run, or after
   * `SHUTDOWN_MS_MAX`.
   */
  close(): Promise<void>;
}

/**
 * An API Gateway WebSocket API with Lambda proxy integrations, in this process. Throws if the model has a route
 * selection expression or an identity source that is not understood.
 *
 * @param options.idleTimeoutMs Default 10 min.
 * @param options.lifeMaxMs Default 2 h.
 * @param options.chaos Default none.
 */
export function createWebSocketApi(options: {
  model: WebSocketApiModel;
  invoke: Invoke;
  baseUrl: BaseUrl;
  log: Log;
  idleTimeoutMs?: number;
  lifeMaxMs?: number;
  chaos?: Chaos;
}): WebSocketApi {
  const { model, invoke, idleTimeoutMs = IDLE_TIMEOUT_MS, lifeMaxMs = LIFE_MS_MAX, chaos = createChaos() } = options;
  const gateway: Gateway = {
    model,
    invoke,
    baseUrl: new URL(options.baseUrl),
    log: (line) => options.log(model.path, line),
  };
  const decide = createHandshake(gateway);
  const disconnectRoute = model.routes.find(({ routeKey }) => routeKey === "$disconnect");

  const connections = new Map<string, Connection>();
  const heldHandshakes = new Set<Duplex>();
  const admissions = new WeakMap<IncomingMessage, Admission>();
  const disconnects = new Set<Promise<unknown>>();
  let isClosing = false;

  const owner: ConnectionOwner = {
    received: createMessageRelay(gateway),
    ended({ client }, ending) {
      connections.delete(client.connectionId);
      if (!disconnectRoute || chaos.dropsDisconnect()) return;
      const { functionArn, timeoutMs } = disconnectRoute;
      // Best effort, and the result means nothing.
      const call = invokeWithin(timeoutMs, invoke(functionArn, disconnectEvent(gateway, client, ending)));
      disconnects.add(call);
      void call.then(() => disconnects.delete(call));
    },
  };

  /** `ws` calls this for a well-formed handshake and holds it until the answer. */
  const verify: VerifyClientCallbackAsync = async ({ req: request }, answer) => {
    if (isClosing) return answer(false, 503);
    heldHandshakes.add(request.socket);
    const verdict = await decide(request);
    heldHandshakes.delete(request.socket);
    if (!verdict.admitted) {
      return answer(false, verdict.statusCode, verdict.body, { "Content-Type": "application/json" });
    }
    admissions.set(request, verdict);
    // If the client has left meanwhile, `ws` opens nothing, and so there will be no `$disconnect`.
    answer(true);
  };

  const serverOptions = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    // Documented by ws 8.23, not yet known to its types.
    closeTimeout: CLOSE_HANDSHAKE_MS_MAX,
    verifyClient: verify,
    // `ws` would choose among the protocols that the client offers; here the function of `$connect` answers one.
    handleProtocols: () => false as const,
  };
  const server = new WebSocketServer(serverOptions);
  server.on("headers", (headers, request) => {
    const subprotocol = admissions.get(request)?.subprotocol;
    if (subprotocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
  });

  // One timer for all connections rather than two for each.
  const sweepMs = Math.min(SWEEP_MS_MAX, idleTimeoutMs / 10, lifeMaxMs / 10);
  const sweeper = setInterval(() => {
    const nowMs = Date.now();
    for (const connection of connections.values()) {
      const isIdle = nowMs - connection.lastActiveAtMs >= idleTimeoutMs;
      const isOld = nowMs - connection.client.connectedAtMs >= lifeMaxMs;
      if (isIdle || isOld) connection.close(GOING_AWAY);
    }
  }, sweepMs).unref();

  return {
    upgrade(request, wire, head) {
      server.handleUpgrade(request, wire, head, (socket) => {
        // Only an admitted request comes this far.
        const { client, greeting } = admissions.get(request) as Admission;
        const connection = new Connection(client, { socket, wire, owner });
        connections.set(client.connectionId, connection);
        if (greeting) connection.send(greeting);
      });
    },

    manage: createConnectionsEndpoint((connectionId) => connections.get(connectionId), chaos),

    connectionCount: () => connections.size,

    async close() {
      isClosing = true;
      clearInterval(sweeper);
      for (const socket of heldHandshakes) socket.destroy();
      const open = [...connections.values()];
      for (const connection of open) connection.close(GOING_AWAY);
      const allGone = Promise.all(open.map((connection) => connection.closed())).then(() => Promise.all(disconnects));
      await Promise.race([allGone, delay(SHUTDOWN_MS_MAX, undefined, { ref: false })]);
    },
  };
}

/** Answers a plain request on the path of a WebSocket API: 426, and which protocol to upgrade to. */
export function refusePlainRequest(response: ServerResponse): void {
  response.writeHead(426, { connection: "Upgrade", upgrade: "websocket", "content-type": "application/json" });
  response.end(JSON.stringify({ message: "Upgrade Required" }));
}

/** Answers a request outside of every stage, as API Gateway answers one for a stage that the API does not have. */
export function refuseUnknownPath(response: ServerResponse): void {
  response.writeHead(403, { "x-amzn-ErrorType": "ForbiddenException", "content-type": "application/json" });
  response.end(JSON.stringify({ message: "Forbidden" }));
}
