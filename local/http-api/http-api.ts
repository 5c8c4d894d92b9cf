import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BaseUrl, HttpApiModel, HttpRouteModel, Invoke, Log } from "../model.ts";
import { applyCors, createPreflightAnswer, isPreflight } from "./cors.ts";
import { createEvent, EVENT_BYTES_MAX, type HttpEvent } from "./event.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import { type AuthorizedToken, createJwtAuthorizer, type JwtAuthorizer } from "./jwt-authorizer.ts";
import { BODY_BYTES_MAX, readRequestBody } from "./request-body.ts";
import { parseRequestTarget, type RequestTarget } from "./request-target.ts";
import { createAnswer, createMessage, type HttpAnswer, type Integration } from "./response.ts";
import { createRouter } from "./router.ts";
import { sendAnswer } from "./send-answer.ts";

/**
 * "Quotas for configuring and running an HTTP API": request line and headers together, not adjustable. The server
 * that calls `handle` takes it as its `maxHeaderSize`, and so answers 431 before a request gets here.
 */
export const HEADER_BYTES_MAX = 10_240;

export interface HttpApi {
  /** Answers one request. Never rejects: what goes wrong is logged and, where it still can be, answered with a 500. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface HttpApiOptions {
  model: HttpApiModel;
  invoke: Invoke;
  baseUrl: BaseUrl;
  log: Log;
}

/**
 * An HTTP API of API Gateway in front of Lambda functions, payload format 2.0. Throws when the model has a route key,
 * an identity source or an issuer that such an API can't have.
 */
export function createHttpApi({ model, invoke, baseUrl, log }: HttpApiOptions): HttpApi {
  const base = new URL(baseUrl);
  const router = createRouter(model.routes);
  const authorizers = createAuthorizers(model.routes);

  /** Resolves with nothing when the client went away before it had sent everything. */
  async function answer(request: IncomingMessage, requestId: string): Promise<HttpAnswer | undefined> {
    const target = parseRequestTarget(request.url ?? "", model.stage);
    if (target === undefined) return createMessage(400, "Bad Request");
    const match = target.stagePath === undefined ? undefined : router(request.method ?? "", target.stagePath);
    const cors = isPreflight(request) ? model.cors : undefined;
    if (match === undefined) return cors ? createPreflightAnswer(cors, request) : createMessage(404, "Not Found");

    const access = await authorize(request, match.route, target);
    if ("denial" in access) return access.denial;
    if (cors) return createPreflightAnswer(cors, request);

    const body = await readRequestBody(request);
    if (body.outcome === "aborted") return undefined;
    if (body.outcome === "too-large") return createTooLarge(`the body is longer than ${BODY_BYTES_MAX} bytes`, true);
    const { token } = access;
    const nowMs = Date.now();
    const event = createEvent({ request, requestId, model, base, target, match, body: body.bytes, token, nowMs });
    const length = Buffer.byteLength(JSON.stringify(event));
    if (length > EVENT_BYTES_MAX) {
      return createTooLarge(`the event is longer than ${EVENT_BYTES_MAX} bytes: ${length}`, false);
    }

    const result = createAnswer(await callFunction(match.route, event));
    if (model.cors && result.fault === undefined) applyCors(result, model.cors, request);
    return result;
  }

  async function authorize(
    request: IncomingMessage,
    route: HttpRouteModel,
    { rawQueryString }: RequestTarget,
  ): Promise<{ denial: HttpAnswer } | { token?: AuthorizedToken }> {
    const authorizer = authorizers.get(route);
    if (authorizer === undefined) return {};
    const authorization = await authorizer({ headers: request.headers, rawQueryString }, route.scopes);
    switch (authorization.outcome) {
      case "authorized":
        return { token: authorization.token };
      case "unauthorized": {
        const denial = createMessage(401, "Unauthorized", authorization.reason);
        denial.headers.set("www-authenticate", authorization.challenge);
        return { denial };
      }
      case "forbidden":
        return { denial: createMessage(403, "Forbidden", authorization.reason) };
    }
  }

  /** The function isn't stopped when the integration times out; what it returns then is nobody's. */
  async function callFunction(route: HttpRouteModel, event: HttpEvent): Promise<Integration> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<Integration>((resolve) => {
      timer = setTimeout(() => resolve({ outcome: "integration-timed-out" }), route.timeoutMs);
    });
    try {
      return await Promise.race([invoke(route.functionArn, event), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async handle(request, response) {
      const requestId = createRequestId();
      // The path alone, since a token may be in the query string; and one line, whatever a function's error says.
      const subject = `${request.method} ${request.url?.split("?")[0]}`;
      const note = (text: string) => log("http-api", `${subject}: ${text.replace(/\s*[\r\n]+\s*/g, " ")}`);
      try {
        const result = await answer(request, requestId);
        if (result === undefined) return;
        if (result.fault !== undefined) note(`${result.statusCode}, ${result.fault}`);
        await sendAnswer(response, result, requestId);
      } catch (error) {
        note(error instanceof Error ? (error.stack ?? error.message) : String(error));
        if (response.headersSent) response.destroy();
        else await sendAnswer(response, createMessage(500, "Internal Server Error"), requestId);
      }
    },
  };
}

/** One for each route that has one; routes with the same issuer share its keys. */
function createAuthorizers(routes: HttpRouteModel[]): Map<HttpRouteModel, JwtAuthorizer> {
  const keys = new Map<string, ReturnType<typeof createIssuerKeys>>();
  const authorizers = new Map<HttpRouteModel, JwtAuthorizer>();
  for (const route of routes) {
    if (route.authorizer === undefined) continue;
    const { issuer } = route.authorizer;
    const issuerKeys = keys.get(issuer) ?? createIssuerKeys(issuer);
    keys.set(issuer, issuerKeys);
    authorizers.set(route, createJwtAuthorizer(route.authorizer, issuerKeys));
  }
  return authorizers;
}

function createTooLarge(fault: string, closesConnection: boolean): HttpAnswer {
  return { ...createMessage(413, "Request Entity Too Large", fault), closesConnection };
}

/** The form of a request id of API Gateway: 11 bytes in base64, `JKJaXmPLvHcESHA=`. */
function createRequestId(): string {
  return `${randomBytes(11).toString("base64url")}=`;
}
