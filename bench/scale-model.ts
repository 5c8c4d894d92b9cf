import { ASSUMED, lambdaMs } from "./bill.ts";
import { COUNTED, DOLLARS } from "./counted.ts";
import type { OperationName } from "./operations.ts";

/** Limits of AWS for an account in a Region, or for a partition, as they are before anybody asks for more. */
export const QUOTAS = {
  /** Of each route: our own, which a test holds against lib/throttles.ts. The construct's property `throttle`. */
  routeRequestsPerSecond: 1_000,
  /** Source: API Gateway developer guide, "Quotas for configuring and running a WebSocket API". Can be raised. */
  newConnectionsPerSecond: 500,
  /** All APIs together. Source: the same guide, "API Gateway account-level quotas, per Region". Can be raised. */
  requestsPerSecond: 10_000,
  /** Source: Lambda developer guide, "Lambda quotas". Can be raised. */
  concurrentExecutions: 1_000,
  /** More for each function every 10 s. Source: the same guide, "Lambda scaling behavior". Cannot be raised. */
  concurrencyPerTenSeconds: 1_000,
  /** Of a table on demand. Source: DynamoDB developer guide, "Quotas in Amazon DynamoDB". Can be raised. */
  tableUnitsPerSecond: 40_000,
  /** Source: the same guide, "Best practices for designing and using partition keys effectively". Cannot be raised. */
  partitionWritesPerSecond: 1_000,
  partitionReadsPerSecond: 3_000,
} as const;

/** Tail, standing and put, one after the other, and in a race one of all wins each time (functions/domain/append.ts). */
const RACE_MS = 3 * ASSUMED.stepMs;
/** What a client waits after failures in a row, at most; the mean is half. Source: client/backoff.ts. */
export const BACKOFF_MS_MAX = 30_000;
const HOURS_PER_MONTH = 730;
const SECONDS_PER_HOUR = 3600;

/** What is asked of a Region when so many users have a socket open, each with one device. */
export function load(users: number) {
  const messages = users / ASSUMED.connectionMinutesPerMessage / 60;
  const syncs = users / ASSUMED.syncMinutes / 60;
  const connects = users / ASSUMED.socketHours / SECONDS_PER_HOUR;
  const sends = COUNTED["send to one device"];
  const concurrency = (rate: number, name: OperationName) => (rate * lambdaMs(name)) / 1000;
  return {
    /** A second. */
    messages,
    syncs,
    /** Sockets end after two hours; who ends one begins the next. */
    connects,
    /** An HTTP request and a post for each message, a frame for each sync, a handshake and an end for each socket. */
    gatewayRequests: messages * (1 + sends.frames) + syncs + 2 * connects,
    concurrentExecutions:
      concurrency(messages, "send to one device") +
      concurrency(syncs, "sync") +
      concurrency(connects, "connect") +
      concurrency(connects, "disconnect"),
    /** Write units a second. */
    conversationWrites: 2 * messages,
    messageWrites: messages,
    connectionWrites: syncs * COUNTED.sync.write + connects * (COUNTED.connect.write + COUNTED.disconnect.write),
    readUnits: messages * sends.read + syncs * COUNTED.sync.read + connects * COUNTED.connect.read,
    /** Dollars a month. */
    messageDollars: (messages * SECONDS_PER_HOUR * HOURS_PER_MONTH * (DOLLARS.message + DOLLARS.cloudFront)) / 1e6,
    connectionDollars: (users * HOURS_PER_MONTH * DOLLARS.connectionHour) / 1e6,
  };
}

/** How often each quota is needed; the largest breaks first. */
export function need(users: number) {
  const of = load(users);
  return {
    "our own throttle of the route that sends": of.messages / QUOTAS.routeRequestsPerSecond,
    "new connections a second, by sockets that end": of.connects / QUOTAS.newConnectionsPerSecond,
    "requests a second of all APIs": of.gatewayRequests / QUOTAS.requestsPerSecond,
    "concurrent executions": of.concurrentExecutions / QUOTAS.concurrentExecutions,
    "write units of the table Conversations": of.conversationWrites / QUOTAS.tableUnitsPerSecond,
    "write units of the table Messages": of.messageWrites / QUOTAS.tableUnitsPerSecond,
    "write units of the table Connections": of.connectionWrites / QUOTAS.tableUnitsPerSecond,
  };
}

/** All sockets are lost at once, and come back through a door that lets `perSecond` in. */
export function storm(users: number, perSecond: number) {
  return {
    minutes: users / perSecond / 60,
    /** Of all who wait, each tries again after half of the longest wait on the average. */
    attemptsPerSecond: users / (BACKOFF_MS_MAX / 2 / 1000),
    /** What it takes to have all back within five minutes. */
    perSecondForFiveMinutes: users / 300,
    /** Executions at once while the door is used to the full: authorizer, connect and the first sync of each. */
    concurrentExecutions: (perSecond * (lambdaMs("connect") + lambdaMs("sync"))) / 1000,
  };
}

/** What one user, or one conversation, can take a second, by the partition that is hot first. */
export function celebrity() {
  const { partitionWritesPerSecond, partitionReadsPerSecond } = QUOTAS;
  return {
    /** Each message writes one row of the list of the one who gets it, and all rows of a list have one partition key. */
    messagesTaken: partitionWritesPerSecond,
    /** Their connections: a strongly consistent read for each message. */
    readsTaken: partitionReadsPerSecond,
    /** Each message that a user sends writes a row of theirs too. */
    messagesSent: partitionWritesPerSecond,
    /** Both write to one log, at one number after another. */
    messagesInOneConversation: 1000 / RACE_MS,
    /** Until a million people have got a message each from one sender. */
    minutesToWriteToAMillion: 1e6 / partitionWritesPerSecond / 60,
  };
}

/** Accounts, or Regions, that share the users: as many as keep each below a multiple of the defaults that AWS may grant. */
export function shards(users: number, granted: number): number {
  const { "our own throttle of the route that sends": _ours, ...theirs } = need(users);
  return Math.ceil(Math.max(...Object.values(theirs)) / granted);
}
