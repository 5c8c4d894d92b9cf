import { type IncomingMessage, STATUS_CODES } from "node:http";
import { createAuthorizer } from "./authorizer.ts";
import { connectEvent, readHandshake } from "./events.ts";
import { type Client, errorBody, type Gateway } from "./gateway.ts";
import { callIntegration, type Reply } from "./integration.ts";
import { URL_CHARACTERS_MAX } from "./limits.ts";

export type Verdict = ({ admitted: true } & Admission) | { admitted: false; statusCode: number; body: string };

export interface Admission {
  client: Client;
  /** What the 101 answers as `Sec-WebSocket-Protocol`; the gateway never chooses among those offered. */
  subprotocol?: string;
  /** The body of a `$connect` that has a route response: the first frame. */
  greeting?: Buffer;
}

/**
 * Decides handshakes as "Manage connected users and client apps: $connect and $disconnect routes" describes: the
 * authorizer first, then `$connect`, each if there is one. The verdict never rejects. Throws if the authorizer has
 * an identity source that is not understood.
 */
export function createHandshake(gateway: Gateway): (request: IncomingMessage) => Promise<Verdict> {
  const { model } = gateway;
  const route = model.routes.find(({ routeKey }) => routeKey === "$connect");
  const authorize = model.authorizer && createAuthorizer(gateway, model.authorizer);

  return async (request) => {
    const handshake = readHandshake(gateway, request);
    const { client, requestId } = handshake;
    const refuse = (statusCode: number, message = STATUS_CODES[statusCode] ?? ""): Verdict => ({
      admitted: false,
      statusCode,
      body: errorBody(message, client, requestId),
    });

    if ((request.url ?? "").length > URL_CHARACTERS_MAX) return refuse(414);

    let authorizerMs: number | undefined;
    if (authorize) {
      const authorization = await authorize(handshake);
      if (!authorization.ok) return refuse(authorization.statusCode, authorization.message);
      client.authorizer = authorization.context;
      authorizerMs = Date.now() - client.connectedAtMs;
    }

    if (!route) return { admitted: true, client };
    const reply = await callIntegration(gateway, route, connectEvent(gateway, handshake, authorizerMs));
    if (!reply.ok) return refuse(reply.statusCode, reply.message);
    if (reply.statusCode >= 300) return refuse(reply.statusCode);

    const subprotocol = readSubprotocol(reply);
    if (subprotocol !== undefined && !PRINTABLE.test(subprotocol)) {
      gateway.log(`$connect: Sec-WebSocket-Protocol must be printable ASCII; it is ${JSON.stringify(subprotocol)}`);
      return refuse(502, "Internal server error");
    }
    return { admitted: true, client, subprotocol, greeting: route.twoWay ? reply.payload : undefined };
  };
}

/** What may stand in a header, so that a function cannot add headers of its own to the 101. */
const PRINTABLE = /^[ -~]+$/;

function readSubprotocol({ headers, multiValueHeaders }: Reply & { ok: true }): string | undefined {
  const all = Object.entries({ ...multiValueHeaders, ...headers });
  const [, value] = all.find(([name]) => name.toLowerCase() === "sec-websocket-protocol") ?? [];
  return value === undefined ? undefined : String(value);
}
