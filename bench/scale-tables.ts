import { BACKOFF_MS_MAX, celebrity, load, need, QUOTAS, shards, storm } from "./scale-model.ts";

const SIZES = [1_000_000, 100_000_000];
const GRANTED = 10;
const MARKS = { begin: "<!-- npm run bench:scale -- --write: begin -->", end: "<!-- end -->" };

const round = (value: number) => Number(value.toPrecision(3)).toLocaleString("en");
const row = (...cells: string[]) => `| ${cells.join(" | ")} |`;
const head = (...cells: string[]) => [row(...cells), row(...cells.map((_, column) => (column === 0 ? "---" : "---:")))];
const users = (count: number) => `${count / 1e6} M users`;

/** The tables of docs/scale.md. */
export function scaleTables(): string {
  return [
    "**What is asked of a Region, a second**",
    "",
    ...head("", ...SIZES.map(users)),
    ...loadRows(),
    "",
    "**How often each quota is needed, as it is before anybody asks for more**",
    "",
    ...head("", "default", ...SIZES.map(users)),
    ...needRows(),
    "",
    `**Everybody comes back at once** (a client that fails waits for up to ${BACKOFF_MS_MAX / 1000} s)`,
    "",
    ...head("", ...SIZES.map(users)),
    ...stormRows(),
    "",
    "**One user whom everybody writes to**",
    "",
    ...head("", "a second"),
    ...celebrityRows(),
    "",
    "**A month, in dollars**",
    "",
    ...head("", ...SIZES.map(users)),
    ...dollarRows(),
    "",
    `With quotas raised ${GRANTED} times, ${SIZES.map((size) => `${users(size)} need ${round(shards(size, GRANTED))} ${shards(size, GRANTED) === 1 ? "shard" : "shards"}`).join(", and ")}.`,
  ].join("\n");
}

function loadRows(): string[] {
  const names = {
    messages: "messages",
    syncs: "heartbeats",
    connects: "sockets that end and begin",
    gatewayRequests: "requests, posts, frames and handshakes at API Gateway",
    concurrentExecutions: "executions at once",
    conversationWrites: "write units of Conversations",
    messageWrites: "write units of Messages",
    connectionWrites: "write units of Connections",
    readUnits: "read units of all tables",
  } as const;
  return Object.entries(names).map(([key, name]) =>
    row(name, ...SIZES.map((size) => round(load(size)[key as keyof typeof names]))),
  );
}

function needRows(): string[] {
  const {
    routeRequestsPerSecond,
    newConnectionsPerSecond,
    requestsPerSecond,
    concurrentExecutions,
    tableUnitsPerSecond,
  } = QUOTAS;
  const defaults = [
    routeRequestsPerSecond,
    newConnectionsPerSecond,
    requestsPerSecond,
    concurrentExecutions,
    ...Array(3).fill(tableUnitsPerSecond),
  ];
  const needs = SIZES.map(need);
  return (Object.keys(needs[0] ?? {}) as (keyof ReturnType<typeof need>)[]).map((name, index) =>
    row(name, round(defaults[index] ?? 0), ...needs.map((of) => `${round(of[name])} ×`)),
  );
}

function stormRows(): string[] {
  const storms = SIZES.map((size) => storm(size, QUOTAS.newConnectionsPerSecond));
  return [
    row(
      `minutes until the last is back, at ${QUOTAS.newConnectionsPerSecond} a second`,
      ...storms.map(({ minutes }) => round(minutes)),
    ),
    row("attempts a second meanwhile", ...storms.map(({ attemptsPerSecond }) => round(attemptsPerSecond))),
    row(
      "new connections a second that bring all back in 5 minutes",
      ...storms.map((of) => round(of.perSecondForFiveMinutes)),
    ),
    row(
      "executions at once for that",
      ...SIZES.map((size) => round(storm(size, storm(size, 1).perSecondForFiveMinutes).concurrentExecutions)),
    ),
  ];
}

function celebrityRows(): string[] {
  const { messagesTaken, readsTaken, messagesSent, messagesInOneConversation, minutesToWriteToAMillion } = celebrity();
  return [
    row("messages that one user can get: the rows of a list have one partition key", round(messagesTaken)),
    row("reads of their connections, for as many messages", round(readsTaken)),
    row("messages that one user can send", round(messagesSent)),
    row("messages in one conversation, where both sides race for numbers", round(messagesInOneConversation)),
    row("minutes until one sender has written to a million people", round(minutesToWriteToAMillion)),
  ];
}

function dollarRows(): string[] {
  const loads = SIZES.map(load);
  const sum = loads.map(({ messageDollars, connectionDollars }) => messageDollars + connectionDollars);
  return [
    row("messages", ...loads.map(({ messageDollars }) => round(messageDollars))),
    row("open sockets with their heartbeats", ...loads.map(({ connectionDollars }) => round(connectionDollars))),
    row("together, at first-tier prices", ...sum.map(round)),
    row(
      "for each user who is there all the time",
      ...sum.map((dollars, index) => (dollars / (SIZES[index] ?? 1)).toFixed(3)),
    ),
  ];
}

/** The document with its tables as they are now. Throws where the place for them is not marked. */
export function withTables(document: string): string {
  const [before, , after] = cut(document);
  return `${before}${MARKS.begin}\n\n${scaleTables()}\n\n${MARKS.end}${after}`;
}

function cut(document: string): [string, string, string] {
  const [begin, end] = [document.indexOf(MARKS.begin), document.indexOf(MARKS.end)];
  if (begin === -1 || end < begin) throw new Error(`docs/scale.md needs the marks ${MARKS.begin} and ${MARKS.end}`);
  return [document.slice(0, begin), document.slice(begin, end), document.slice(end + MARKS.end.length)];
}
