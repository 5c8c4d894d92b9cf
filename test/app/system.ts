import { once } from "node:events";
import { WebSocket } from "ws";
import { type DuetOptions, startDuet } from "../../bin/run-duet.ts";
import { connectionsTable } from "../../functions/store/connections.ts";
import { createDocumentClient } from "../../functions/store/dynamodb.ts";
import type { DynamoDbEngine } from "../../local/dynamodb/dynamodb.ts";
import { requestTokens } from "../../local/identity/request-tokens.ts";
import type { Runtime } from "../../local/runtime.ts";
import { localDynamoDb } from "../storage.ts";

/** Sees every answer and every frame that the users of a system get. */
export interface Check {
  response(got: { method: string; path: string; response: Response }): Promise<void>;
  frame(frame: Json): void;
}

/** The whole system in this process, in memory, on a free port, as `npm start` puts it up. */
export async function startSystem(
  options: { dynamoDb: DynamoDbEngine; limits?: boolean; check?: Check } & Partial<
    Pick<DuetOptions, "log" | "chaos" | "context">
  >,
) {
  const runtime = await startDuet({
    port: 0,
    dynamoDb: options.dynamoDb,
    limits: options.limits ?? true,
    context: options.context ?? {},
    log: options.log ?? (() => undefined),
    ...(options.chaos === undefined ? {} : { chaos: options.chaos }),
    onStorageLost: (error) => {
      throw error;
    },
  });
  const records = connectionRecords(runtime);
  return {
    runtime,
    user: (username: string) => signIn(runtime, username, options.check),
    connectionIds: async (username: string) =>
      (await records.live({ username, nowMs: Date.now() })).map(({ connectionId }) => connectionId),
    close: runtime.close,
  };
}

/** The table Connections of the running system. */
function connectionRecords({ app, storageEndpoint }: Runtime) {
  const tableName = app.tables.find(({ path }) => path.includes("/Connections/"))?.tableName ?? "";
  return connectionsTable({ client: createDocumentClient(localDynamoDb(storageEndpoint)), tableName });
}

/** A signed-in user, by HTTP and by sockets. */
async function signIn({ baseUrl }: Runtime, username: string, check?: Check) {
  const [token = ""] = await requestTokens({ baseUrl, usernames: [username] });
  const call = async (method: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers },
    });
    await check?.response({ method, path, response: response.clone() });
    return response;
  };
  const messagesOf = (peer: string) => `/api/conversations/${encodeURIComponent(peer)}/messages`;
  return {
    username,
    token,
    call,
    send: async (peer: string, body: unknown, headers: Record<string, string> = {}) =>
      answer(await call("POST", messagesOf(peer), { body: JSON.stringify(body), headers })),
    messages: async (peer: string, query = "") => answer(await call("GET", `${messagesOf(peer)}${query}`)),
    conversations: async (query = "") => answer(await call("GET", `/api/conversations${query}`)),
    open: () => openSocket(baseUrl, ["duet.v1", `bearer.${token}`], {}, check),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: what the server answers is what these tests look at
export type Json = any;

async function answer(response: Response): Promise<{ status: number; headers: Headers; body: Json }> {
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** An open socket and every frame that came on it. Rejects when the handshake is refused. */
export async function openSocket(
  baseUrl: string,
  protocols: string[],
  headers: Record<string, string> = {},
  check?: Pick<Check, "frame">,
) {
  const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, protocols, { headers });
  const frames: Json[] = [];
  const arrived = new EventTarget();
  socket.on("message", (data) => {
    const frame: Json = JSON.parse(data.toString());
    check?.frame(frame);
    frames.push(frame);
    arrived.dispatchEvent(new Event("frame"));
  });
  await once(socket, "open");
  const closed = once(socket, "close").then(([code]) => code as number);
  /** The first frame that fits, which may have come already. */
  const frame = async (fits: (frame: Json) => boolean): Promise<Json> => {
    for (;;) {
      const found = frames.find(fits);
      if (found !== undefined) return found;
      await once(arrived, "frame", { signal: AbortSignal.timeout(10_000) });
    }
  };
  return {
    protocol: socket.protocol,
    /** The code with which it was closed, by either side. */
    closed,
    frames,
    frame,
    /** The answer to a frame that is sent when no other answer of that type is outstanding; the gateway's own has none. */
    ask: async (sent: unknown, type: string | undefined): Promise<Json> => {
      const before = frames.length;
      socket.send(typeof sent === "string" ? sent : JSON.stringify(sent));
      return frame((one) => one.type === type && frames.indexOf(one) >= before);
    },
    close: async () => {
      socket.close();
      await closed;
    },
  };
}

/** The status with which a handshake is refused. */
export async function refusedHandshake(baseUrl: string, protocols: string[], headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, protocols, { headers });
  const refused = once(socket, "unexpected-response");
  const opened = once(socket, "open").then(() => socket.close());
  const status = await Promise.race([
    refused.then(([, response]) => (response as { statusCode: number }).statusCode),
    opened.then(() => 101),
  ]);
  opened.catch(() => undefined);
  socket.on("error", () => undefined);
  socket.terminate();
  return status;
}
