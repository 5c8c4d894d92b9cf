import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { HttpApiModel } from "../model.ts";
import type { AuthorizedToken } from "./jwt-authorizer.ts";
import type { RequestTarget } from "./request-target.ts";
import type { RouteMatch } from "./router.ts";

/**
 * The event of payload format 2.0: "Create AWS Lambda proxy integrations for HTTP APIs" of the API Gateway guide.
 * An optional member without a value is absent, as in events of live APIs, never null.
 */
export interface HttpEvent {
  version: "2.0";
  routeKey: string;
  rawPath: string;
  rawQueryString: string;
  cookies?: string[];
  /** Names in lower case; repeated ones joined with a comma. */
  headers: Record<string, string>;
  /** Decoded; repeated ones joined with a comma. */
  queryStringParameters?: Record<string, string>;
  requestContext: {
    accountId: string;
    apiId: string;
    authorizer?: { jwt: AuthorizedToken };
    domainName: string;
    domainPrefix: string;
    http: { method: string; path: string; protocol: string; sourceIp: string; userAgent?: string };
    requestId: string;
    routeKey: string;
    stage: string;
    /** `19/Feb/2024:07:11:42 +0000` */
    time: string;
    /** Milliseconds since the epoch. */
    timeEpoch: number;
  };
  pathParameters?: Record<string, string>;
  body?: string;
  isBase64Encoded: boolean;
}

export interface EventSource {
  request: IncomingMessage;
  requestId: string;
  model: HttpApiModel;
  /** Where clients reach the API. */
  base: URL;
  target: RequestTarget;
  match: RouteMatch;
  body: Buffer;
  /** Absent on a route without an authorizer. */
  token?: AuthorizedToken;
  nowMs: number;
}

/** As JSON. "Lambda quotas": 6 MB for the request of a synchronous invocation, 100 bytes less than for its result. */
export const EVENT_BYTES_MAX = 6_291_456;

/** Only these arrive as text; a form, or a body without a content type, doesn't (ministackorg/ministack, pull 766). */
const TEXT_MEDIA_TYPE = /^(text\/.*|application\/(json|xml|javascript))$/;
/** These concern one connection and are not passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;

/** Makes the event of one request. Members that are `undefined` here are absent once the event has crossed as JSON. */
export function createEvent(source: EventSource): HttpEvent {
  const { request, requestId, model, base, target, match, body, token, nowMs } = source;
  const { headers, cookies } = readHeaders(source);
  const isText = TEXT_MEDIA_TYPE.test(mediaType(headers["content-type"]));
  const { rawPath, rawQueryString } = target;
  const { routeKey, functionArn } = match.route;
  return {
    version: "2.0",
    routeKey,
    rawPath,
    rawQueryString,
    cookies: cookies.length > 0 ? cookies : undefined,
    headers,
    queryStringParameters: rawQueryString === "" ? undefined : joinRepeated([...new URLSearchParams(rawQueryString)]),
    requestContext: {
      accountId: functionArn.split(":")[4] ?? "",
      apiId: model.apiId,
      authorizer: token && { jwt: token },
      domainName: base.host,
      domainPrefix: base.hostname.split(".")[0] ?? "",
      http: {
        method: request.method ?? "",
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: sourceIp(request),
        userAgent: headers["user-agent"],
      },
      requestId,
      routeKey,
      stage: model.stage,
      time: commonLogTime(nowMs),
      timeEpoch: nowMs,
    },
    pathParameters: match.pathParameters,
    body: body.length > 0 ? body.toString(isText ? "utf8" : "base64") : undefined,
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/**
 * The client's headers as API Gateway passes them on: the cookies apart, the connection's own left out, and its
 * account of the way here added. Values stay as Node reads them, one character a byte.
 */
function readHeaders({ request, base, body, nowMs }: EventSource) {
  const entries = headerEntries(request.rawHeaders);
  const cookies = entries
    .filter(([name]) => name === "cookie")
    .flatMap(([, value]) => value.split(";"))
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== "");
  const sent = joinRepeated(entries.filter(([name]) => name !== "cookie" && !HOP_BY_HOP.test(name)));
  const scheme = base.protocol.slice(0, -1);
  const headers: Record<string, string> = {
    "x-amzn-trace-id": traceId(nowMs),
    ...sent,
    "content-length": String(body.length),
    "x-forwarded-for": [sent["x-forwarded-for"], sourceIp(request)].filter(Boolean).join(", "),
    "x-forwarded-port": base.port || (scheme === "https" ? "443" : "80"),
    "x-forwarded-proto": scheme,
  };
  return { headers, cookies };
}

/** Node's own `headers` drops some repeated names; the raw list, name and value by turns, keeps all. */
function headerEntries(rawHeaders: string[]): [string, string][] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ""] as [string, string]] : [],
  );
}

function joinRepeated(entries: [string, string][]): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of entries) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(joined);
}

function mediaType(contentType = ""): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

/** An IPv4 address in its own form, also where the server listens on IPv6. */
function sourceIp(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** The form that "AWS X-Ray concepts" gives a root segment's header. */
function traceId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString("hex")}`;
}

/** Common Log Format in UTC, made from `Mon, 19 Feb 2024 07:11:42 GMT`. */
function commonLogTime(nowMs: number): string {
  const [, day, month, year, time] = new Date(nowMs).toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
