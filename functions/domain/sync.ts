import { formatCursor, parseCursor } from "../protocol/cursor.ts";
import { FRAME_BYTES_MAX } from "../protocol/limits.ts";
import type { Row, SyncedFrame } from "../protocol/wire.ts";
import { connectionRecord, refuseExpired } from "./connect.ts";
import { toRow } from "./conversation.ts";
import type { Connections, Conversations, World } from "./ports.ts";

/** Rows read at a time; about as many as fit one frame. */
const ROWS_READ = 100;
/** When rows are skipped because the client knows them, reading goes on in larger steps, up to this many rows a sync. */
const ROWS_READ_LONG = 1000;
const PAGES_READ_MAX = 10;

/**
 * A row carries the time at which its write was prepared, so it can appear in the table later, by no more than
 * the sending function's timeout (lib/functions.ts) plus what the functions' clocks differ by. A cursor stays this far behind
 * its reading: a row may be given twice, which does no harm, but none is passed over.
 */
export const CURSOR_OVERLAP_MS = 60_000;

export interface SyncRequest {
  username: string;
  connectionId: string;
  connectedAtMs: number;
  tokenExpiresAtSeconds: number;
  userAgent?: string;
  /** The cursor of an earlier answer. Absent: every row. */
  since?: string;
}

/**
 * Answers what changed in the user's rows, as much as fits one frame. The connection's record is there before the rows
 * are read, and is written again where it was forgotten: so either a send that runs at the same time sees the
 * connection, or this reading sees the send.
 *
 * Refuses `token_expired` and `invalid_cursor`. A repeat is safe.
 */
export async function sync(
  ports: { connections: Connections; conversations: Conversations; world: World },
  request: SyncRequest,
): Promise<SyncedFrame> {
  const nowMs = ports.world.nowMs();
  refuseExpired(request, nowMs);
  const from = request.since === undefined ? { sinceMs: 0 } : parseCursor(request.since, nowMs);
  // To look costs a fifth of writing it each time.
  if (!(await ports.connections.has(request))) await ports.connections.put(connectionRecord(request));

  const serverTime = new Date(nowMs).toISOString();
  const reading = { sinceMs: from.sinceMs, startedAtMs: from.page?.startedAtMs ?? nowMs };
  // A page of the conversation list goes by time, not by peer: such a reading begins again.
  const afterPeer = from.page?.afterLastMs === undefined ? from.page?.afterPeer : undefined;
  const { rows, more } = await readRows(ports.conversations, { ...request, ...reading, afterPeer });
  const cursor = formatCursor(
    more === undefined
      ? { sinceMs: Math.max(0, reading.startedAtMs - CURSOR_OVERLAP_MS) }
      : { sinceMs: reading.sinceMs, page: { startedAtMs: reading.startedAtMs, afterPeer: more } },
  );
  return { type: "synced", connectionId: request.connectionId, serverTime, rows, cursor, more: more !== undefined };
}

/** `more` is the peer behind which the next reading begins. */
async function readRows(
  conversations: Conversations,
  from: { username: string; sinceMs: number; afterPeer: string | undefined },
): Promise<{ rows: Row[]; more?: string }> {
  const rows: Row[] = [];
  let bytes = 0;
  let afterPeer = from.afterPeer;
  for (let page = 0; page < PAGES_READ_MAX; page++) {
    const read = await conversations.page({
      username: from.username,
      changedSinceMs: from.sinceMs,
      limit: from.sinceMs === 0 ? ROWS_READ : ROWS_READ_LONG,
      ...(afterPeer === undefined ? {} : { afterPeer }),
    });
    for (const row of read.rows.map(toRow)) {
      const last = rows.at(-1);
      bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
      if (last !== undefined && bytes > ROWS_BYTES_MAX) return { rows, more: last.peer };
      rows.push(row);
    }
    if (read.nextAfterPeer === undefined) return { rows };
    afterPeer = read.nextAfterPeer;
  }
  return { rows, ...(afterPeer === undefined ? {} : { more: afterPeer }) };
}

/** What the rest of the frame takes: the longest cursor holds a username of 128 code points, each 12 bytes encoded. */
const ENVELOPE_BYTES_MAX = 2048;
const ROWS_BYTES_MAX = FRAME_BYTES_MAX - ENVELOPE_BYTES_MAX;
