import type { IncomingMessage } from "node:http";
import type { CorsModel } from "../model.ts";
import type { HttpAnswer } from "./response.ts";

/** A browser's question before it sends what a page of another origin asked for. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && "access-control-request-method" in headers;
}

/**
 * The gateway's own answer to a preflight, for which no route and no function is needed: "Configure CORS for HTTP
 * APIs" of the API Gateway guide. An origin that isn't allowed gets a 204 too, but no permission with it.
 */
export function createPreflightAnswer(cors: CorsModel, request: IncomingMessage): HttpAnswer {
  const headers = new Headers();
  if (permitOrigin(headers, cors, request)) {
    setList(headers, "access-control-allow-methods", cors.allowMethods);
    setList(headers, "access-control-allow-headers", cors.allowHeaders);
    if (cors.maxAgeSeconds !== undefined) headers.set("access-control-max-age", String(cors.maxAgeSeconds));
  }
  return { statusCode: 204, headers, body: "" };
}

/** Puts the API's permissions on a function's answer, in place of any that the function set. */
export function applyCors(answer: HttpAnswer, cors: CorsModel, request: IncomingMessage): void {
  for (const name of [...answer.headers.keys()]) {
    if (name.startsWith("access-control-")) answer.headers.delete(name);
  }
  if (permitOrigin(answer.headers, cors, request)) {
    setList(answer.headers, "access-control-expose-headers", cors.exposeHeaders);
  }
}

function permitOrigin(headers: Headers, cors: CorsModel, request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  const anyOrigin = cors.allowOrigins.includes("*");
  const anyHost = cors.allowOrigins.includes(`${origin.split("://")[0]}://*`);
  if (!anyOrigin && !anyHost && !cors.allowOrigins.includes(origin)) return false;
  headers.set("access-control-allow-origin", anyOrigin ? "*" : origin);
  if (cors.allowCredentials) headers.set("access-control-allow-credentials", "true");
  return true;
}

function setList(headers: Headers, name: string, values: string[]): void {
  if (values.length > 0) headers.set(name, values.join(","));
}
