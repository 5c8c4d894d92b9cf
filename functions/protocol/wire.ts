import * as v from "valibot";
import { countCodePoints } from "./code-points.ts";
import { Refusal, type RefusalCode } from "./errors.ts";
import {
  DISPLAY_NAME_CODE_POINTS_MAX,
  MESSAGE_PAGE_DEFAULT,
  MESSAGE_PAGE_MAX,
  ROW_PAGE_DEFAULT,
  ROW_PAGE_MAX,
  TEXT_CODE_POINTS_MAX,
  TYPED_LENGTH_MAX,
} from "./limits.ts";
import { parseUsername, quote, shorten } from "./username.ts";

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
  username: string;
  /** The username until they have chosen a name. */
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

/** `reader` has read the conversation with `peer`, who is the other user as the receiver sees it, up to `seq`. */
export interface ReadFrame {
  type: "read";
  peer: string;
  reader: string;
  seq: number;
}

/** `peer` is typing a message to the receiver. */
export interface TypingFrame {
  type: "typing";
  peer: string;
}

/** The receiver's own profile has changed. */
export interface ProfileFrame extends Profile {
  type: "profile";
}

export interface ErrorFrame {
  type: "error";
  code: RefusalCode;
  detail: string;
  requestId: string;
}

export type ServerFrame = MessageFrame | ReadFrame | TypingFrame | ProfileFrame | SyncedFrame | ErrorFrame;

const SendBody = v.object({ text: v.string(), id: v.optional(v.string()) });
const ReadBody = v.object({ seq: v.number() });
const ProfileBody = v.object({ displayName: v.nullable(v.string()) });
const TypingFrame = v.object({ action: v.literal("typing"), peer: v.string() });
const SyncFrame = v.object({ action: v.literal("sync"), since: v.optional(v.string()) });

/**
 * Body and headers of a send. The id may come in the body or in the header `Idempotency-Key`. `toText` makes the text
 * that is stored of what was typed, which is well-formed and of at most `TYPED_LENGTH_MAX`.
 * Refuses `invalid_body`, `invalid_id`, `invalid_text`, `empty_text`, `text_too_long`.
 */
export function parseSend(
  body: string | undefined,
  idempotencyKey: string | undefined,
  toText: (typed: string) => string = (typed) => typed,
): { text: string; id?: string } {
  const { text, id } = parse(SendBody, parseJson(body, "invalid_body"), "invalid_body");
  const ids = [id, idempotencyKey || undefined].flatMap((given) =>
    given === undefined ? [] : [parseMessageId(given)],
  );
  if (ids[0] !== undefined && ids[1] !== undefined && ids[0] !== ids[1])
    throw new Refusal("invalid_id", `The body's id is ${quote(ids[0])}, but Idempotency-Key is ${quote(ids[1])}.`);
  return { text: parseText(text, toText), ...(ids[0] === undefined ? {} : { id: ids[0] }) };
}

/** Refuses `invalid_frame`. */
export function parseSync(body: string | undefined): { since?: string } {
  const { since } = parse(SyncFrame, parseJson(body, "invalid_frame"), "invalid_frame");
  return since === undefined ? {} : { since };
}

/** Refuses `invalid_frame` and `invalid_username`. */
export function parseTyping(body: string | undefined): { peer: string } {
  const { peer } = parse(TypingFrame, parseJson(body, "invalid_frame"), "invalid_frame");
  return { peer: parseUsername(peer) };
}

/** Refuses `invalid_body`. */
export function parseRead(body: string | undefined): { seq: number } {
  const { seq } = parse(ReadBody, parseJson(body, "invalid_body"), "invalid_body");
  if (Number.isSafeInteger(seq) && seq >= 0) return { seq };
  throw new Refusal("invalid_body", `seq is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}; got ${seq}.`);
}

/** Refuses `invalid_body` and `invalid_display_name`. */
export function parseProfile(body: string | undefined): { displayName: string | null } {
  const { displayName } = parse(ProfileBody, parseJson(body, "invalid_body"), "invalid_body");
  if (displayName === null) return { displayName };
  const name = displayName.normalize("NFC").trim();
  const codePoints = countCodePoints(name);
  if (codePoints >= 1 && codePoints <= DISPLAY_NAME_CODE_POINTS_MAX && !NOT_SHOWN.test(name))
    return { displayName: name };
  throw new Refusal(
    "invalid_display_name",
    `A name has 1 to ${DISPLAY_NAME_CODE_POINTS_MAX} code points, and no control characters or line breaks; ` +
      `got ${quote(displayName)}, ${codePoints} code points.`,
  );
}

/** Control characters, line and paragraph separators, halves of surrogate pairs. */
const NOT_SHOWN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

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

/** Which page of the list of conversations: what changed since a cursor, or all. */
export type RowPage = { limit: number; since?: string };

/** Refuses `invalid_query`. */
export function parseRowPage({ limit, since }: Record<string, string | undefined>): RowPage {
  return {
    limit: integer({ name: "limit", value: limit, min: 1, max: ROW_PAGE_MAX }) ?? ROW_PAGE_DEFAULT,
    ...(since === undefined ? {} : { since }),
  };
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

function parseText(typed: string, toText: (typed: string) => string): string {
  if (!typed.isWellFormed())
    throw new Refusal("invalid_text", "The text has half of a surrogate pair, which is no character.");
  if (typed.length > TYPED_LENGTH_MAX)
    throw new Refusal(
      "text_too_long",
      `A text, with its markup, has at most ${TYPED_LENGTH_MAX} UTF-16 code units; this one has ${typed.length}.`,
    );
  const text = toText(typed);
  if (text.trim() === "") throw new Refusal("empty_text", "The text is empty, or white space alone.");
  const codePoints = countCodePoints(text);
  if (codePoints > TEXT_CODE_POINTS_MAX)
    throw new Refusal(
      "text_too_long",
      `A text has at most ${TEXT_CODE_POINTS_MAX} code points; this one has ${codePoints}.`,
    );
  return text;
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
