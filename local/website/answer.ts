import type { ServerResponse } from "node:http";

/** What an origin answers, whole, so that what stands before it can still change everything. */
export interface Answer {
  statusCode: number;
  headers: Headers;
  body: Buffer;
}

export function createAnswer(statusCode: number, contentType: string, body: string): Answer {
  return { statusCode, headers: new Headers({ "content-type": contentType }), body: Buffer.from(body) };
}

/** An error of CloudFront's own, in the place of what an origin would have answered. */
export function createEdgeError(statusCode: number, message: string): Answer {
  return createAnswer(statusCode, "text/html", `<h1>${statusCode} ERROR</h1>\n<p>${message}</p>\n`);
}

/** These have no body and so no length (RFC 9110, sections 8.6 and 15.4.5). */
const BODILESS_STATUS_CODES = [204, 304];

/** Sends an answer; Node leaves out the body where the request is a HEAD. */
export function sendAnswer(response: ServerResponse, { statusCode, headers, body }: Answer): void {
  if (BODILESS_STATUS_CODES.includes(statusCode)) headers.delete("content-length");
  else headers.set("content-length", String(body.length));
  response.writeHead(statusCode, [...headers].flat());
  response.end(body);
}
