import type { ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import type { HttpAnswer } from "./response.ts";

/** How long a client that is refused may go on sending before the connection is cut. */
const LINGER_MS = 2_000;
/** These have no body and so no length (RFC 9110, sections 8.6 and 15.4.5). */
const BODILESS_STATUS_CODES = [204, 304];

/** Sends the answer; to a client that has gone, Node sends nothing. Every answer of an HTTP API names its request. */
export async function sendAnswer(response: ServerResponse, answer: HttpAnswer, requestId: string): Promise<void> {
  const { statusCode, headers, body } = answer;
  headers.set("apigw-requestid", requestId);
  if (!BODILESS_STATUS_CODES.includes(statusCode)) headers.set("content-length", `${Buffer.byteLength(body)}`);
  if (answer.closesConnection) headers.set("connection", "close");
  response.writeHead(statusCode, [...headers].flat());
  if (answer.closesConnection) await lingerAfter(response, body);
  response.end(answer.closesConnection ? undefined : body);
}

/**
 * Closing a socket that still has unread bytes resets it, and the client may then never see the answer. So what it
 * goes on sending is read and thrown away, until it ends or `LINGER_MS` have passed.
 */
async function lingerAfter(response: ServerResponse, body: string | Buffer): Promise<void> {
  response.write(body);
  response.req.resume();
  const signal = AbortSignal.timeout(LINGER_MS);
  await finished(response.req, { writable: false, signal }).catch(() => undefined);
}
