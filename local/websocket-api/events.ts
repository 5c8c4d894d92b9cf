/**
 * The events follow "WebSocket API mapping template reference" and events published by users of live APIs. They
 * cross to a function as JSON, so a member that is `undefined` here is absent there, as it is on AWS.
 */

import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Client, Ending, Gateway } from "./gateway.ts";

/** One request to open a connection. */
export interface Handshake {
  client: Client;
  requestId: string;
  /** Header fields in the order and case of the wire, then those that the gateway adds. */
  fields: [name: string, value: string][];
  query: URLSearchParams;
}

/** Reads what the events of a handshake say; `connectionId` and `requestId` are new. */
export function readHandshake({ baseUrl }: Gateway, request: IncomingMessage): Handshake {
  const { rawHeaders, headers, url = "/" } = request;
  // A socket that listens on IPv6 too reports IPv4 clients as ::ffff:127.0.0.1.
  const sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const fields: Handshake["fields"] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!GATEWAY_FIELDS.includes(name.toLowerCase())) fields.push([name, value]);
  }
  const forwardedFor = headers["x-forwarded-for"];
  fields.push(
    ["X-Amzn-Trace-Id", newTraceId()],
    ["X-Forwarded-For", forwardedFor ? `${forwardedFor}, ${sourceIp}` : sourceIp],
    ["X-Forwarded-Port", baseUrl.port || (baseUrl.protocol === "https:" ? "443" : "80")],
    ["X-Forwarded-Proto", baseUrl.protocol.replace(":", "")],
  );
  return {
    client: {
      connectionId: newId(),
      connectedAtMs: Date.now(),
      identity: { sourceIp, userAgent: headers["user-agent"] },
    },
    requestId: newId(),
    fields,
    query: new URLSearchParams(/\?(.*)/.exec(url)?.[1]),
  };
}

const GATEWAY_FIELDS = ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];

/** The event of the Lambda authorizer. Its maps are empty where the CONNECT event has none. */
export function authorizerEvent(gateway: Gateway, handshake: Handshake, methodArn: string) {
  return {
    type: "REQUEST",
    methodArn,
    ...headerMaps([...handshake.fields, ["content-length", "0"]]),
    ...queryMaps(handshake.query),
    stageVariables: {},
    requestContext: connectContext(gateway, handshake),
  };
}

/** @param integrationLatency Milliseconds that the authorizer took; absent where there is none. */
export function connectEvent(gateway: Gateway, handshake: Handshake, integrationLatency?: number) {
  const context = connectContext(gateway, handshake);
  return {
    ...headerMaps(handshake.fields.filter(([name]) => !/^(connection|upgrade)$/i.test(name))),
    ...(handshake.query.size > 0 ? queryMaps(handshake.query) : {}),
    requestContext: { ...context, authorizer: context.authorizer && { ...context.authorizer, integrationLatency } },
    isBase64Encoded: false,
  };
}

/** One event for each text message of a client. */
export function messageEvent(
  gateway: Gateway,
  client: Client,
  { routeKey, requestId, body }: { routeKey: string; requestId: string; body: string },
) {
  const context = requestContext(gateway, client, { eventType: "MESSAGE", routeKey, requestId });
  return { requestContext: { ...context, messageId: newId() }, body, isBase64Encoded: false };
}

/** The headers are what AWS sends here: nothing of the client's. */
export function disconnectEvent(gateway: Gateway, client: Client, { code, reason }: Ending) {
  const context = requestContext(gateway, client, {
    eventType: "DISCONNECT",
    routeKey: "$disconnect",
    requestId: newId(),
  });
  return {
    ...headerMaps([
      ["Host", context.domainName],
      ["x-api-key", ""],
      ["X-Forwarded-For", ""],
      ["x-restapi", ""],
    ]),
    requestContext: { ...context, disconnectStatusCode: code, disconnectReason: reason },
    isBase64Encoded: false,
  };
}

/** Connections, requests and messages are named alike: 11 bytes in URL-safe Base64, `TWegAcC4EowCHnA=`. */
export function newId(): string {
  return `${randomBytes(11).toString("base64url")}=`;
}

/** The authorizer and `$connect` are called for one request, and so with one id and the time of its coming. */
function connectContext(gateway: Gateway, { client, requestId }: Handshake) {
  const atMs = client.connectedAtMs;
  return requestContext(gateway, client, { eventType: "CONNECT", routeKey: "$connect", requestId, atMs });
}

function requestContext(
  { model, baseUrl }: Gateway,
  { connectionId, connectedAtMs, identity, authorizer }: Client,
  {
    eventType,
    routeKey,
    requestId,
    atMs = Date.now(),
  }: { eventType: string; routeKey: string; requestId: string; atMs?: number },
) {
  return {
    routeKey,
    eventType,
    requestId,
    extendedRequestId: requestId,
    requestTime: commonLogTime(atMs),
    requestTimeEpoch: atMs,
    connectedAt: connectedAtMs,
    connectionId,
    messageDirection: "IN",
    // With its port, without which the management API could not be reached.
    domainName: baseUrl.host,
    stage: model.stage,
    apiId: model.apiId,
    identity,
    authorizer,
  };
}

/** `19/Feb/2024:07:11:42 +0000` */
function commonLogTime(timeMs: number): string {
  const [, day, month, year, clock] = new Date(timeMs).toUTCString().split(" ");
  return `${day}/${month}/${year}:${clock} +0000`;
}

/** "AWS X-Ray concepts", tracing header: version, seconds since the epoch and 96 random bits, in hexadecimal. */
function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString("hex")}`;
}

/** A repeated header keeps its first spelling; its last value goes to the map of single values. */
function headerMaps(fields: Handshake["fields"]) {
  const byLowerCase = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of fields) {
    const seen = byLowerCase.get(name.toLowerCase());
    if (seen) seen.values.push(value);
    else byLowerCase.set(name.toLowerCase(), { name, values: [value] });
  }
  const all = [...byLowerCase.values()];
  return {
    headers: Object.fromEntries(all.map(({ name, values }) => [name, values.at(-1)])),
    multiValueHeaders: Object.fromEntries(all.map(({ name, values }) => [name, values])),
  };
}

/** Decoded; the last value of a repeated name goes to the map of single values. */
function queryMaps(query: URLSearchParams) {
  return {
    queryStringParameters: Object.fromEntries(query),
    multiValueQueryStringParameters: Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)])),
  };
}
