import * as v from "valibot";
import { Refusal, type RefusalCode } from "./errors.ts";
import { MESSAGE_PAGE_DEFAULT, MESSAGE_PAGE_MAX, TEXT_CODE_POINTS_MAX } from "./limits.ts";
import { quote, shorten } from "./username.ts";

/** One entry of a conversation's log. */
export interface Message {
  /** UUIDv7, in lower case. */
  id: string;
  /** 1, 2, 3 … without a gap within the conversation. */
  seq: number;
  sender: string;
  recipient: string;
  text: string;
  /** RFC 3339 UTC with milliseconds; never earlier than the message before it. */
  createdAt: string;
}

/** What one user's conversation list holds about one peer. */
export interface Row {
  peer: string;
  lastSeq: number;
  last: { sender: string; preview: string; createdAt: string } | null;
  readSeq: number;
  peerReadSeq: number;
  /** `lastSeq - readSeq` */
  unread: number;
  blocked: boolean;
  changedAt: string;
}

/** What a user shows to others. `avatar` is the path of the picture, or null. */
export interface Profile {
  displayName: string;
  avatar: string | null;
}

/** Server to client: the payload that every open socket of both users gets. */
export interface MessageFrame extends Message {
  type: "message";
  senderName: string;
  senderAvatar: string | null;
}

export interface SyncedFrame {
  type: "synced";
  connectionId: string;
  serverTime: string;
  rows: Row[];
  /** Hand it back as `since`: in the next sync, or at once when `more` is true. */
  cursor: string;
  more: boolean;
}

export interface ErrorFrame {
  type: "error";
  code: RefusalCode;
  detail: string;
  requestId: string;
}

export type ServerFrame = MessageFrame | SyncedFrame | ErrorFrame;

const SendBody = v.object({ text: v.string(), id: v.optional(v.string()) });
const SyncFrame = v.object({ action: v.literal("sync"), since: v.optional(v.string()) });

/**
 * Body and headers of a send. The id may come in the body or in the header `Idempotency-Key`.
 * Refuses `invalid_body`, `invalid_id`, `invalid_text`, `empty_text`, `text_too_long`.
 */
export function parseSend(body: string | undefined, idempotencyKey: string | undefined): { text: string; id?: string } {
  const { text, id } = parse(SendBody, parseJson(body, "invalid_body"), "invalid_body");
  const ids = [id, idempotencyKey || undefined].flatMap((given) =>
    given === undefined ? [] : [parseMessageId(given)],
  );
  if (ids[0] !== undefined && ids[1] !== undefined && ids[0] !== ids[1])
    throw new Refusal("invalid_id", `The body's id is ${quote(ids[0])}, but Idempotency-Key is ${quote(ids[1])}.`);
  return { text: parseText(text), ...(ids[0] === undefined ? {} : { id: ids[0] }) };
}

/** Refuses `invalid_frame`. */
export function parseSync(body: string | undefined): { since?: string } {
  const { since } = parse(SyncFrame, parseJson(body, "invalid_frame"), "invalid_frame");
  return since === undefined ? {} : { since };
}

/** Which page of a log: the newest, or the one next to a `seq`. */
export type MessagePage = { limit: number; before?: number; after?: number };

/** Refuses `invalid_query`. */
export function parseMessagePage(query: Record<string, string | undefined>): MessagePage {
  const before = integer({ name: "before", value: query.before, min: 1, max: Number.MAX_SAFE_INTEGER });
  const after = integer({ name: "after", value: query.after, min: 0, max: Number.MAX_SAFE_INTEGER });
  if (before !== undefined && after !== undefined)
    throw new Refusal("invalid_query", "Give before or after, not both.");
  const limit = integer({ name: "limit", value: query.limit, min: 1, max: MESSAGE_PAGE_MAX }) ?? MESSAGE_PAGE_DEFAULT;
  return { limit, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function integer(given: { name: string; value: string | undefined; min: number; max: number }): number | undefined {
  const { name, value, min, max } = given;
  if (value === undefined) return undefined;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Refusal("invalid_query", `${name} is a whole number from ${min} to ${max}; got ${quote(value)}.`);
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function parseMessageId(given: string): string {
  const id = given.toLowerCase();
  if (UUID_V7.test(id)) return id;
  throw new Refusal("invalid_id", `A message id is a UUID of version 7 (RFC 9562); got ${quote(given)}.`);
}

/** The time inside a UUIDv7, ms since the epoch. Source: RFC 9562, section 5.7. */
export function messageIdMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function parseText(text: string): string {
  if (!text.isWellFormed())
    throw new Refusal("invalid_text", "The text has half of a surrogate pair, which is no character.");
  if (text.trim() === "") throw new Refusal("empty_text", "The text is empty, or white space alone.");
  const codePoints = countCodePoints(text);
  if (codePoints > TEXT_CODE_POINTS_MAX)
    throw new Refusal(
      "text_too_long",
      `A text has at most ${TEXT_CODE_POINTS_MAX} code points; this one has ${codePoints}.`,
    );
  return text;
}

function countCodePoints(text: string): number {
  let lowSurrogates = 0;
  for (let unit = 0; unit < text.length; unit++) if ((text.charCodeAt(unit) & 0xfc00) === 0xdc00) lowSurrogates++;
  return text.length - lowSurrogates;
}

function parseJson(text: string | undefined, code: RefusalCode): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (cause) {
    throw new Refusal(code, text ? "It is not JSON." : "It is empty; JSON was expected.", { cause });
  }
}

function parse<T>(schema: v.GenericSchema<unknown, T>, value: unknown, code: RefusalCode): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  if (where !== null && issue.received === "undefined") throw new Refusal(code, `${where} is missing.`);
  const expected = `${where === null ? "" : `${where}: `}${issue.expected?.toLowerCase()} was expected`;
  throw new Refusal(code, `${expected}; got ${shorten(issue.received)}.`);
}
