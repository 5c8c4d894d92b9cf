import { UNITS_PER_SEND } from "../lib/steady-load.ts";
import { LOG_EVENT_BYTES, type Use } from "./metered-system.ts";
import type { OperationName } from "./operations.ts";
import { AWS, cost, type Price } from "./prices.ts";

/** What cannot be measured on one machine. All of it is a guess to be put right by the first month's bill. */
export const ASSUMED = {
  memoryMegabytes: 512,
  /** A step of a function that waits for DynamoDB from within the Region, and a post to a socket, in ms. */
  stepMs: 4,
  postMs: 10,
  /** Of a whole processor, of which a function has `memory / 1,769 MB`. Source: Lambda guide, "Configure function memory". */
  wholeProcessorMegabytes: 1769,
  /** A conversation between two people who are connected for an hour a day and send 20 messages each in it. */
  connectionMinutesPerMessage: 3,
  /** What a message of 176 code points takes in the log, with the 100 bytes that DynamoDB adds to an item. */
  storedBytesPerMessage: 620,
  /** Of capacity that follows the load, how much is used: USE_PERCENT (lib/tables.ts) while the load stays, less while it falls. */
  steadyLoadUsedShare: 0.6,
  /** A client's heartbeat on the average (8 minutes less up to an eighth), and how long a socket lives. */
  syncMinutes: 7.5,
  socketHours: 2,
} as const;

/** Sequential waits for DynamoDB, whether posts come after them, and processor in ms of a whole one (docs/performance.md). */
const WORK: Record<OperationName, { steps: number; posts: boolean; processorMs: number }> = {
  "send to one device": { steps: 5, posts: true, processorMs: 4.5 },
  "send to three devices": { steps: 5, posts: true, processorMs: 5.5 },
  sync: { steps: 2, posts: false, processorMs: 2 },
  "list of 20": { steps: 2, posts: false, processorMs: 3 },
  "read marker": { steps: 3, posts: true, processorMs: 3 },
  connect: { steps: 2, posts: false, processorMs: 4 },
  disconnect: { steps: 1, posts: false, processorMs: 1.5 },
};

export function lambdaMs(name: OperationName, memoryMegabytes: number = ASSUMED.memoryMegabytes): number {
  const { steps, posts, processorMs } = WORK[name];
  const share = Math.min(1, memoryMegabytes / ASSUMED.wholeProcessorMegabytes);
  return steps * ASSUMED.stepMs + (posts ? ASSUMED.postMs : 0) + processorMs / share;
}

/** Lines as the access logs of lib/access-logs.ts have them. */
const ACCESS_LINE_BYTES = {
  http: lineBytes({
    requestId: "JKJaXmPLvHcESHA=",
    time: "10/Mar/2026:06:34:00 +0000",
    route: "POST /api/conversations/{peer}/messages",
    status: "201",
    latencyMs: "45",
    integrationLatencyMs: "43",
    responseBytes: "330",
    error: "-",
    integrationError: "-",
    authorizerError: "-",
  }),
  socket: lineBytes({
    requestId: "JKJaXmPLvHcESHA=",
    time: "10/Mar/2026:06:34:00 +0000",
    connectionId: "JKJaXfPnPHcCHWA=",
    event: "MESSAGE",
    route: "sync",
    status: "200",
    integrationLatencyMs: "43",
    error: "-",
    integrationError: "-",
    authorizerError: "-",
  }),
};

function lineBytes(line: object): number {
  return JSON.stringify(line).length + LOG_EVENT_BYTES;
}

/** Dollars for a million of an operation, line by line. */
export function bill(name: OperationName, use: Use, { memoryMegabytes = ASSUMED.memoryMegabytes as number } = {}) {
  const million = 1e6;
  const gigabyte = 1e9;
  const { httpRequests, invocations, write, read, frames, logBytes, bytesOut } = use;
  const gigabyteSeconds = (lambdaMs(name, memoryMegabytes) / 1000) * (memoryMegabytes / 1024);
  const isSocketEvent = httpRequests === 0;
  const accessBytes = isSocketEvent ? ACCESS_LINE_BYTES.socket : httpRequests * ACCESS_LINE_BYTES.http;
  return {
    "HTTP API": cost(AWS.httpRequest, httpRequests * million),
    "Lambda requests": cost(AWS.lambdaRequest, invocations * million),
    "Lambda time": cost(AWS.lambdaGigabyteSecond, gigabyteSeconds * million),
    "DynamoDB writes": cost(AWS.writeUnit, write * million),
    "DynamoDB reads": cost(AWS.readUnit, read * million),
    "WebSocket frames": cost(AWS.webSocketMessage, frames * million),
    logs:
      cost(AWS.loggedGigabyte, (logBytes * million) / gigabyte) +
      cost(AWS.loggedSeldomReadGigabyte, (accessBytes * million) / gigabyte),
    "bytes out": cost(AWS.gigabyteOut, (bytesOut * million) / gigabyte),
  };
}

export const total = (lines: Record<string, number>): number =>
  Object.values(lines).reduce((sum, dollars) => sum + dollars, 0);

/** Dollars for a million hours of one open socket: its minutes, its heartbeats, and its share of opening and closing. */
export function connectionHours(uses: Record<OperationName, Use>): Record<string, number> {
  const of = (name: OperationName) => total(bill(name, uses[name]));
  return {
    "connection minutes": cost(AWS.connectionMinute, 60 * 1e6),
    syncs: (60 / ASSUMED.syncMinutes) * of("sync"),
    "opening and closing": (of("connect") + of("disconnect")) / ASSUMED.socketHours,
  };
}

/** Dollars for a million messages that are stored and delivered to one device each, straight at the APIs. */
export function message(uses: Record<OperationName, Use>) {
  const storedGigabytes = (ASSUMED.storedBytesPerMessage * 1e6) / 1e9;
  return {
    ...bill("send to one device", uses["send to one device"]),
    "first month of storage":
      cost(AWS.storedGigabyteMonth, storedGigabytes) + cost(AWS.recoverableGigabyteMonth, storedGigabytes),
  };
}

/** The same through the one name that page and APIs have, with the time that people are connected for it, as assumed. */
export function allIn(uses: Record<OperationName, Use>): Record<string, number> {
  return {
    "the message itself": total(message(uses)),
    "CloudFront before the API": cost(AWS.cloudFrontRequest, 1e6),
    [`${ASSUMED.connectionMinutesPerMessage} minutes of an open socket, with heartbeats`]:
      (total(connectionHours(uses)) * ASSUMED.connectionMinutesPerMessage) / 60,
  };
}

/** The same with capacity for a steady load (lib/steady-load.ts). */
export function messageAtSteadyLoad(uses: Record<OperationName, Use>): Record<string, number> {
  const units = (kind: "read" | "write") => Object.values(UNITS_PER_SEND).reduce((sum, of) => sum + of[kind], 0);
  const bought = (price: Price, of: number) => cost(price, (of * 1e6) / 3600 / ASSUMED.steadyLoadUsedShare);
  const use = uses["send to one device"];
  const onDemand = { ...use, read: use.read - units("read"), write: use.write - units("write") };
  return {
    ...message({ ...uses, "send to one device": onDemand }),
    "DynamoDB writes, bought": bought(AWS.provisionedWriteHour, units("write")),
    "DynamoDB reads, bought": bought(AWS.provisionedReadHour, units("read")),
  };
}

/** What each choice would take off a million messages, in dollars; none is made. What is lost by it is in docs/performance.md. */
export function levers(uses: Record<OperationName, Use>): Record<string, number> {
  const use = uses["send to one device"];
  const now = bill("send to one device", use);
  return {
    "a function URL behind CloudFront in the HTTP API's place": now["HTTP API"],
    "metrics of one send in twenty": cost(AWS.loggedGigabyte, (use.logBytes * 1e6 * 19) / 20 / 1e9),
    "functions of 256 MB":
      now["Lambda time"] - bill("send to one device", use, { memoryMegabytes: 256 })["Lambda time"],
  };
}
