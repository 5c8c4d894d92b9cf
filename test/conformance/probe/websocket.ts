import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { APIGatewayProxyResult, APIGatewayProxyWebsocketEventV2 } from "aws-lambda";
import { manage } from "./management.ts";
import { meet, record, recorded } from "./records.ts";

/** More than any function may take. */
const FOREVER_MS = 60_000;
/** An event that is sent back whole has to fit into one frame. */
const ECHO_CHARACTERS_MAX = 20_000;

type Event = APIGatewayProxyWebsocketEventV2 & {
  headers?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
};

/** What a message asks for, beside its route. */
export interface Request {
  action?: unknown;
  do?: "throw" | "hang" | "malformed" | "refuse" | "record" | "meet";
  /** For `record` and `meet`: under which subject, and who. */
  mark?: string;
  name?: string;
  other?: string;
}

/** Every route of the WebSocket APIs; notes its events and does what the handshake or the message asks for. */
export const handler = async (event: Event): Promise<unknown> => {
  switch (event.requestContext.eventType) {
    case "CONNECT":
      return connect(event);
    case "MESSAGE":
      return answer(event);
    case "DISCONNECT":
      await record(event.requestContext.connectionId, { kind: "DISCONNECT", detail: event });
      return undefined;
  }
};

/** The query parameters `mark` and `connect`, or the headers `x-mark` and `x-connect`, steer it. */
async function connect(event: Event): Promise<unknown> {
  const headers = Object.fromEntries(
    Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { mark = headers["x-mark"], connect: wanted = headers["x-connect"] ?? "accept" } =
    event.queryStringParameters ?? {};
  if (mark !== undefined) await record(mark, { kind: "CONNECT", detail: event });

  const [name, value = ""] = wanted.split(":");
  switch (name) {
    case "accept":
      return { statusCode: 200 };
    case "status":
      return { statusCode: Number(value) };
    case "body":
      return { statusCode: 200, body: "from $connect" };
    case "subprotocol":
      return { statusCode: 200, headers: { "Sec-WebSocket-Protocol": value } };
    case "no-status":
      return { hello: "world" };
    case "throw":
      throw new Error("The probe was asked to throw");
    case "hang":
      return delay(FOREVER_MS);
    case "post-to-self": {
      const { connectionId } = event.requestContext;
      const detail = await manage({ method: "POST", connectionId, data: Buffer.from("early").toString("base64") });
      await record(mark ?? "", { kind: "post-to-self", detail });
      return { statusCode: 200 };
    }
    case "wait":
      await recorded(mark ?? "", "release");
      return { statusCode: 200 };
    default:
      throw new Error(`The probe knows no $connect ${wanted}`);
  }
}

async function answer(event: Event): Promise<unknown> {
  const request = read(event.body ?? "");
  switch (request.do) {
    case "throw":
      throw new Error("The probe was asked to throw");
    case "hang":
      return delay(FOREVER_MS);
    case "malformed":
      return { statusCode: 200, ConnectionId: event.requestContext.connectionId, Data: "hello" };
    case "refuse":
      return { statusCode: 403, body: echo(event) };
    case "record":
      await record(request.mark ?? "", { kind: request.name ?? "", detail: event });
      break;
    case "meet":
      await meet({ place: request.mark ?? "", name: request.name ?? "", other: request.other ?? "" });
      break;
  }
  return { statusCode: 200, body: echo(event) } satisfies APIGatewayProxyResult;
}

/** Not every message is JSON, and not all JSON an object. */
function read(body: string): Request {
  try {
    return Object(JSON.parse(body)) as Request;
  } catch {
    return {};
  }
}

function echo(event: Event): string {
  const { body = "" } = event;
  if (body.length <= ECHO_CHARACTERS_MAX) return JSON.stringify(event);
  const digest = createHash("sha256").update(body).digest("hex");
  return JSON.stringify({ ...event, body: `${body.length} characters, ${digest}` });
}
