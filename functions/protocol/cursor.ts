import { Refusal } from "./errors.ts";
import { isUsername, quote } from "./username.ts";

/**
 * Where a client stands in the changes of its rows. To clients it is an opaque string.
 * A cursor without `page` stands behind a complete reading; with `page`, inside one.
 */
export interface Cursor {
  /** Rows changed before this time, in ms since the epoch, are known to the client. */
  sinceMs: number;
  page?: {
    /** When the reading began, by the server's clock. */
    startedAtMs: number;
    /** The last row that was given. */
    afterPeer: string;
    /** Its last message's time, where the reading goes from the newest to the oldest. */
    afterLastMs?: number;
  };
}

export function formatCursor({ sinceMs, page }: Cursor): string {
  if (page === undefined) return `${sinceMs}`;
  return [sinceMs, page.startedAtMs, page.afterLastMs ?? "", encodeURIComponent(page.afterPeer)].join(".");
}

/** By how much the clocks of two functions may differ. */
const CLOCKS_DIFFER_MS_MAX = 5_000;

const CURSOR = /^(\d{1,15})(?:\.(\d{1,15})\.(\d{0,15})\.(.+))?$/;

/** Refuses `invalid_cursor` for what `formatCursor` cannot have made by `nowMs`: it would hide every change until then. */
export function parseCursor(cursor: string, nowMs: number): Cursor {
  const [, sinceMs, startedAtMs = sinceMs, afterLastMs, encodedPeer] = CURSOR.exec(cursor) ?? [];
  const isPast = Math.max(Number(sinceMs), Number(startedAtMs)) <= nowMs + CLOCKS_DIFFER_MS_MAX;
  if (isPast && encodedPeer === undefined) return { sinceMs: Number(sinceMs) };
  const afterPeer = decode(encodedPeer);
  if (!isPast || !isUsername(afterPeer))
    throw new Refusal("invalid_cursor", `Hand back a cursor as the server gave it, or none; got ${quote(cursor)}.`);
  return {
    sinceMs: Number(sinceMs),
    page: {
      startedAtMs: Number(startedAtMs),
      afterPeer,
      ...(afterLastMs === "" ? {} : { afterLastMs: Number(afterLastMs) }),
    },
  };
}

function decode(encoded: string | undefined): string | undefined {
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
