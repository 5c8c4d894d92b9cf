import { once } from "node:events";
import { Agent } from "node:http";
import { setTimeout } from "node:timers/promises";
import { WebSocket } from "ws";
import { startDuet } from "../bin/run-duet.ts";
import { requestTokens } from "../local/identity/request-tokens.ts";
import { startMeteredStorage } from "./metered-storage.ts";
import { ask } from "./post.ts";

/** All that is charged for, counted from outside of the functions. */
export interface Use {
  /** Of DynamoDB. */
  requests: number;
  read: number;
  write: number;
  httpRequests: number;
  invocations: number;
  /** Frames into and out of sockets, each of at most 32 KB. Handshakes and ends are no messages for API Gateway. */
  frames: number;
  /** The functions' own lines, with what CloudWatch adds to each. */
  logBytes: number;
  /** Answers and frames. */
  bytesOut: number;
  /** How long the functions took here, on this machine. */
  localMs: number;
}

/** Source: CloudWatch Logs API reference, PutLogEvents: 26 bytes are counted for each event. */
export const LOG_EVENT_BYTES = 26;
/** Status line and headers of an answer, about. */
const HTTP_HEAD_BYTES = 300;
/** `$disconnect`, and lines of a log, come after what they are of: it is over when nothing has come for so long. */
const SETTLE_MS = 200;
const SETTLE_ROUNDS_MAX = 100;

export type MeteredSystem = Awaited<ReturnType<typeof startMeteredSystem>>;

/** Duet in this process, on storage that counts, with all that it uses counted. */
export async function startMeteredSystem() {
  const storage = await startMeteredStorage();
  const counts = { invocations: 0, logBytes: 0, localMs: 0, frames: 0, httpRequests: 0, bytesOut: 0 };
  const invoked = new EventTarget();
  const log = (_source: string, line: string) => {
    const [, ms] = /^REPORT .*?Duration: ([\d.]+) ms/.exec(line) ?? [];
    if (ms === undefined) counts.logBytes += Buffer.byteLength(line) + LOG_EVENT_BYTES;
    else {
      counts.invocations += 1;
      counts.localMs += Number(ms);
      invoked.dispatchEvent(new Event("invocation"));
    }
  };
  const runtime = await startDuet({
    port: 0,
    dynamoDb: { url: storage.endpoint },
    limits: false,
    context: {},
    log,
    onStorageLost: (error) => {
      throw error;
    },
  });
  const settled = async () => {
    for (let round = 0; round < SETTLE_ROUNDS_MAX; round++) {
      const { invocations, logBytes } = counts;
      await setTimeout(SETTLE_MS);
      if (invocations === counts.invocations && logBytes === counts.logBytes) return;
    }
    throw new Error(`The system was not at rest after ${(SETTLE_ROUNDS_MAX * SETTLE_MS) / 1000} s`);
  };
  const { baseUrl } = runtime;
  const agent = new Agent({ keepAlive: true });
  return {
    tokens: (usernames: string[]) => requestTokens({ baseUrl, usernames }),

    async call(method: string, path: string, of: { token: string; body?: unknown; headers?: Record<string, string> }) {
      counts.httpRequests += 1;
      const answer = await ask<Record<string, unknown>>(agent, { url: `${baseUrl}/api${path}`, method, ...of });
      counts.bytesOut += Buffer.byteLength(JSON.stringify(answer)) + HTTP_HEAD_BYTES;
      return answer;
    },

    /** An open socket, whose frames count. */
    async open(token: string): Promise<WebSocket> {
      const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, ["duet.v1", `bearer.${token}`]);
      socket.on("message", (frame) => {
        counts.frames += 1;
        counts.bytesOut += Buffer.byteLength(frame.toString());
      });
      await once(socket, "open");
      return socket;
    },

    /** Ends a socket, and resolves when the function that is told of it has ended too. */
    async end(socket: WebSocket): Promise<void> {
      const told = once(invoked, "invocation");
      socket.close();
      await told;
    },

    /** Sends a frame, which counts, and resolves with the next that comes. */
    async ask(socket: WebSocket, frame: object): Promise<Record<string, unknown>> {
      counts.frames += 1;
      const answered = once(socket, "message");
      socket.send(JSON.stringify(frame));
      const [answer] = (await answered) as [Buffer];
      return JSON.parse(answer.toString()) as Record<string, unknown>;
    },

    /** What one time of `times` uses on the average, after one that does not count. */
    async measure(times: number, work: (time: number) => Promise<unknown>): Promise<Use> {
      await work(0);
      await settled();
      storage.take();
      const before = { ...counts };
      for (let time = 1; time <= times; time++) await work(time);
      await settled();
      const used = Object.entries({ ...counts, ...storage.take() }).map(([name, count]) => [
        name,
        (count - (before[name as keyof typeof counts] ?? 0)) / times,
      ]);
      return Object.fromEntries(used) as Use;
    },

    async close() {
      agent.destroy();
      await runtime.close();
      await storage.close();
    },
  };
}
