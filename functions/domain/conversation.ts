import { Refusal } from "../protocol/errors.ts";
import { PREVIEW_CODE_POINTS_MAX } from "../protocol/limits.ts";
import type { Message, Row } from "../protocol/wire.ts";
import type { StoredRow } from "./ports.ts";

/** The key of the conversation of two users: both names in code-unit order, joined by `#`, which no name holds. */
export function conversationKey(users: readonly [string, string]): string {
  return [...users].sort((a, b) => (a < b ? -1 : 1)).join("#");
}

/** Refuses `to_oneself`. */
export function refuseOneself({ username, peer }: { username: string; peer: string }): void {
  if (username === peer)
    throw new Refusal("to_oneself", `There is no conversation with oneself; both sides are ${JSON.stringify(peer)}.`);
}

/** What a row shows of its last message. */
export function lastOf({ sender, text, createdAt }: Message): NonNullable<Row["last"]> {
  const preview = [...text.slice(0, 2 * PREVIEW_CODE_POINTS_MAX)].slice(0, PREVIEW_CODE_POINTS_MAX).join("");
  return { sender, preview, createdAt };
}

/** A stored row as clients see it. */
export function toRow(stored: StoredRow): Row {
  const { peer, lastSeq, last = null, readSeq, peerReadSeq, blocked, changedAtMs } = stored;
  const changedAt = new Date(changedAtMs).toISOString();
  return { peer, lastSeq, last, readSeq, peerReadSeq, unread: lastSeq - readSeq, blocked, changedAt };
}
