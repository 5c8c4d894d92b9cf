import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Request } from "../probe/websocket.ts";

/** For a frame or an ending to come, on a machine that has more to do. */
const ARRIVAL_MS_MAX = 30_000;

export interface DialOptions {
  query?: Record<string, string>;
  headers?: Record<string, string | string[]>;
  protocols?: string[];
  perMessageDeflate?: boolean;
}

/** An event as a probe got it, or an error frame; each member is there only where it came. */
export interface Echo {
  type?: string;
  methodArn?: string;
  message?: string;
  connectionId?: string;
  requestId?: string;
  headers?: Record<string, string>;
  multiValueHeaders?: Record<string, string[]>;
  queryStringParameters?: Record<string, string>;
  multiValueQueryStringParameters?: Record<string, string[]>;
  stageVariables?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
  requestContext: EventContext;
}

export interface EventContext {
  routeKey: string;
  eventType: string;
  messageId?: string;
  messageDirection: string;
  connectionId: string;
  requestId: string;
  extendedRequestId: string;
  connectedAt: number;
  requestTimeEpoch: number;
  requestTime: string;
  stage: string;
  apiId: string;
  domainName: string;
  identity: Record<string, unknown>;
  authorizer?: Record<string, unknown>;
  disconnectStatusCode?: number;
  disconnectReason?: string;
}

export type Ending = { code: number; reason: string };

/** An open WebSocket; frames that nobody has asked for yet wait in their order. */
export interface Client {
  socket: WebSocket;
  /** The next frame as text. */
  nextText(): Promise<string>;
  /** The next frame, which has to be JSON. */
  next(): Promise<Echo>;
  /** Sends a request, or a text as it is, and gives the next frame. */
  ask(message: Request | string): Promise<Echo>;
  /** How the connection ended, as this side has seen it. */
  ended: Promise<Ending>;
}

/** Resolves with a client once its handshake has succeeded; rejects with what `ws` says when it has not. */
export async function open(url: string, options: DialOptions = {}): Promise<Client> {
  const socket = dial(url, options);
  const client = follow(socket);
  await once(socket, "open", { signal: AbortSignal.timeout(ARRIVAL_MS_MAX) });
  return client;
}

/** The status and the body of a handshake that is refused; 101 if it is not. */
export async function refusal(url: string, options: DialOptions = {}): Promise<{ status: number; body: string }> {
  const socket = dial(url, options);
  const signal = AbortSignal.timeout(ARRIVAL_MS_MAX);
  const opened = once(socket, "open", { signal }).then(() => ({ status: 101, body: "" }));
  opened.catch(() => undefined); // What counts then is the answer below, or that none came.
  const refused = once(socket, "unexpected-response", { signal }).then(async ([, response]) => {
    const { statusCode = 0 } = response as IncomingMessage;
    let body = "";
    for await (const chunk of (response as IncomingMessage).setEncoding("utf8")) body += chunk;
    return { status: statusCode, body };
  });
  refused.catch(() => undefined);
  const outcome = await Promise.any([opened, refused]);
  socket.terminate();
  return outcome;
}

/** A client whose handshake is under way. */
export function dial(url: string, { query = {}, protocols = [], ...options }: DialOptions): WebSocket {
  const search = new URLSearchParams(query).toString();
  const socket = new WebSocket(search === "" ? url : `${url}?${search}`, protocols, {
    perMessageDeflate: false,
    ...options,
  });
  socket.on("error", () => undefined); // Whoever waits for it hears of it by `once`.
  return socket;
}

function follow(socket: WebSocket): Client {
  const arrived: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on("message", (data) => {
    const next = waiting.shift();
    if (next === undefined) arrived.push(String(data));
    else next(String(data));
  });
  const ended = new Promise<Ending>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });

  const nextText = async (): Promise<string> => {
    const text = arrived.shift();
    if (text !== undefined) return text;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("No frame came")), ARRIVAL_MS_MAX);
      waiting.push((frame) => {
        clearTimeout(late);
        resolve(frame);
      });
      void ended.then(({ code }) => {
        clearTimeout(late);
        reject(new Error(`The connection ended with ${code} before a frame came`));
      });
    });
  };
  const next = async () => JSON.parse(await nextText()) as Echo;
  return {
    socket,
    nextText,
    next,
    ask(message) {
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
      return next();
    },
    ended,
  };
}
