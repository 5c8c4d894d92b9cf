/** The one place that reads the environment. Each function takes from here what it may use, and bundles no more. */
import { setTimeout } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { v7 } from "uuid";
import type {
  Avatars,
  Closer,
  Connections,
  Conversations,
  MessageLog,
  Push,
  Standings,
  Users,
  World,
} from "../domain/ports.ts";
import type { SenderLimits } from "../protocol/limits.ts";
import { avatarsTable } from "./avatars.ts";
import { connectionsTable } from "./connections.ts";
import { conversationsTable } from "./conversations.ts";
import { createDocumentClient, type Table } from "./dynamodb.ts";
import { messagesTable } from "./messages.ts";
import { meteredConnections, meteredConversations, meteredLog, meteredPush, meteredStandings } from "./metrics.ts";
import { managementApiCloser, managementApiPush } from "./push.ts";
import { standingsOf } from "./standings.ts";
import { usersTable } from "./users.ts";

/** Its lines are JSON; what they are about is said by `aboutRequest`. */
export const logger = new Logger();

/** From now on each line has these ids. An environment serves one request at a time. */
export function aboutRequest(ids: { requestId: string; connectionId?: string }): void {
  logger.resetKeys();
  logger.appendKeys(ids);
}

export const world: World = {
  nowMs: Date.now,
  random: Math.random,
  sleep: (ms) => setTimeout(ms),
  newId: () => v7(),
};

let client: Table["client"] | undefined;

function table(variable: string): Table {
  client ??= createDocumentClient();
  return { client, tableName: environment(variable) };
}

export const users = (): Users => usersTable(table("USERS_TABLE"));
export const avatars = (): Avatars => avatarsTable(table("AVATARS_TABLE"));
export const connections = (): Connections => connectionsTable(table("CONNECTIONS_TABLE"));
/** The same, with the time that looking connections up takes. */
export const timedConnections = (): Connections => meteredConnections(connections());
export const conversations = (): Conversations => conversationsTable(table("CONVERSATIONS_TABLE"));
export const timedConversations = (): Conversations => meteredConversations(conversations());
export const messages = (): MessageLog => messagesTable(table("MESSAGES_TABLE"));
export const timedMessages = (): MessageLog => meteredLog(messages());

export const timedStandings = (): Standings =>
  meteredStandings(standingsOf({ users: table("USERS_TABLE"), conversations: table("CONVERSATIONS_TABLE") }));

const warn = (message: string, about: { connectionId: string; error: Error }) => logger.warn(message, about);
export const push = (): Push => meteredPush(managementApiPush(environment("MANAGEMENT_ENDPOINT"), warn));
export const closer = (): Closer => managementApiCloser(environment("MANAGEMENT_ENDPOINT"), warn);

/** Each `none`, or a whole number of at least 1; and usernames, which have no comma. */
export const senderLimits = (): SenderLimits => ({
  messagesPerBurst: limit("MESSAGES_PER_BURST"),
  newPeersPerHour: limit("NEW_PEERS_PER_HOUR"),
  unlimited: process.env.UNLIMITED_SENDERS?.split(",") ?? [],
});

/** Whether markup is taken out of texts; else a text is stored as typed. */
export const stripsMarkup = (): boolean => {
  const value = environment("MARKUP");
  if (value === "strip" || value === "keep") return value === "strip";
  throw new Error(`The environment variable MARKUP is "strip" or "keep"; got ${JSON.stringify(value)}`);
};

export const issuer = (): string => environment("ISSUER");
export const audience = (): string => environment("AUDIENCE");
export const usernameClaim = (): string => environment("USERNAME_CLAIM");

function limit(variable: string): number | null {
  const value = environment(variable);
  if (value === "none") return null;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new Error(
    `The environment variable ${variable} is "none" or a whole number from 1 on; got ${JSON.stringify(value)}`,
  );
}

function environment(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === "") throw new Error(`The environment variable ${variable} is not set`);
  return value;
}
