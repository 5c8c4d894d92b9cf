import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Chaos } from "../chaos/chaos.ts";
import type { Connection } from "./connection.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

interface Answer {
  statusCode: number;
  /** Name of the exception; the AWS SDK knows an error by this header alone when the body is empty. */
  errorType?: string;
  body?: Record<string, unknown>;
}

const TAKEN: Answer = { statusCode: 200 };
const GONE: Answer = { statusCode: 410, errorType: "GoneException" };
const UNSIGNED = refusal(403, "ForbiddenException", "Missing Authentication Token");

/**
 * Serves `/{stage}/@connections/{connectionId}` as "Use @connections commands in your backend service" and the API
 * reference of the API Gateway Management API describe. A signature must be there but is not verified: there is no
 * secret to verify it by. Never rejects.
 *
 * @param find The connection with this id. One whose handshake is still held is not found, so it is gone as well.
 */
export function createConnectionsEndpoint(
  find: (connectionId: string) => Connection | undefined,
  chaos: Chaos,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    let answer: Answer;
    try {
      answer = await serve(request, find, chaos);
    } catch {
      // Only reading the body fails, and only because the caller has left: there is nobody to answer.
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode, {
      "x-amzn-RequestId": randomUUID(),
      ...(answer.errorType && { "x-amzn-ErrorType": answer.errorType }),
      ...(answer.body && { "content-type": "application/json" }),
    });
    response.end(answer.body && JSON.stringify(answer.body));
  };
}

async function serve(
  request: IncomingMessage,
  find: (id: string) => Connection | undefined,
  chaos: Chaos,
): Promise<Answer> {
  const { authorization = "" } = request.headers;
  const [, segment] = /^\/[^/]+\/(?:@|%40)connections\/([^/?]+)/.exec(request.url ?? "") ?? [];
  if (segment === undefined || !authorization.startsWith("AWS4-HMAC-SHA256 ")) return UNSIGNED;

  const connectionId = segment.replaceAll(/%3D/gi, "=");
  if (!CONNECTION_ID.test(connectionId)) {
    return refusal(400, "BadRequestException", `Invalid connectionId: ${connectionId}`);
  }
  const connection = find(connectionId);
  if (!connection?.isOpen) return GONE;
  switch (request.method) {
    case "POST":
      return post(request, connection, chaos);
    case "GET":
      return describe(connection);
    case "DELETE":
      connection.close({ code: 1000, reason: "Connection Closed Normally" });
      return { statusCode: 204 };
    default:
      return UNSIGNED;
  }
}

/** Of its characters only `=` needs encoding in a URL, and only that is decoded. */
const CONNECTION_ID = /^[\w-]{15}=$/;

/** 200 says that the gateway has taken the message, not that the client has read it. */
async function post(request: IncomingMessage, connection: Connection, chaos: Chaos): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MESSAGE_BYTES_MAX) chunks.push(chunk);
  }
  if (bytes > MESSAGE_BYTES_MAX) {
    return refusal(
      413,
      "PayloadTooLargeException",
      `A message has at most ${MESSAGE_BYTES_MAX} bytes; this one has ${bytes}`,
    );
  }
  const message = Buffer.concat(chunks);
  const delayMs = chaos.postDelayMs();
  if (delayMs > 0) await delay(delayMs);
  if (chaos.failsPost()) return refusal(500, "InternalServerErrorException", "Internal server error");
  if (!connection.isOpen) return GONE;
  if (chaos.losesPost()) return TAKEN;
  const behindMs = chaos.frameDelayMs();
  if (behindMs === 0) return connection.send(message) ? TAKEN : GONE;
  setTimeout(() => connection.send(message), behindMs).unref();
  return TAKEN;
}

function describe({ client, lastActiveAtMs }: Connection): Answer {
  const connectedAt = new Date(client.connectedAtMs).toISOString();
  const lastActiveAt = new Date(lastActiveAtMs).toISOString();
  return { statusCode: 200, body: { connectedAt, lastActiveAt, identity: client.identity } };
}

function refusal(statusCode: number, errorType: string, message: string): Answer {
  return { statusCode, errorType, body: { message } };
}
