import { formatCursor, parseCursor } from "../protocol/cursor.ts";
import { Refusal } from "../protocol/errors.ts";
import type { Profile, Row, RowPage } from "../protocol/wire.ts";
import { toRow } from "./conversation.ts";
import type { Conversations, StoredRow, Users, World } from "./ports.ts";
import { CURSOR_OVERLAP_MS } from "./sync.ts";
import { ensureUser, profileOf } from "./users.ts";

const ROWS_READ = 1000;
/** A user's whole list is read to sort it; at 400 bytes a row this many rows are 8 MB. */
const PAGES_READ_MAX = 20;

export interface ConversationList {
  conversations: (Row & { profile: Profile })[];
  /** Hand it back as `since`: at once when `more` is true, else whenever the list is wanted again. */
  cursor: string;
  more: boolean;
}

/**
 * The user's rows that changed since the cursor, newest message first, at most `limit` at a time, each with the
 * peer's profile. The whole list is read for each page, since it is sorted by what no key says. Refuses
 * `invalid_cursor`, and `unavailable` for a list longer than can be sorted here.
 */
export async function listConversations(
  { users, conversations, world }: { users: Users; conversations: Conversations; world: World },
  { username, page: { limit, since } }: { username: string; page: RowPage },
): Promise<ConversationList> {
  const nowMs = world.nowMs();
  const { sinceMs, page } = since === undefined ? { sinceMs: 0 } : parseCursor(since, nowMs);
  const startedAtMs = page?.startedAtMs ?? nowMs;
  const [changed] = await Promise.all([
    readChanged(conversations, { username, sinceMs }),
    ensureUser({ users, world }, username),
  ]);
  const after = page?.afterLastMs === undefined ? undefined : { peer: page.afterPeer, lastMs: page.afterLastMs };
  const following = changed.map((row) => ({ row, peer: row.peer, lastMs: lastMs(row) })).sort(newestFirst);
  const left = after === undefined ? following : following.filter((place) => newestFirst(after, place) < 0);
  const given = left.slice(0, limit);
  const last = left.length > given.length ? given.at(-1) : undefined;
  return {
    conversations: await withProfiles(
      users,
      given.map(({ row }) => toRow(row)),
    ),
    cursor: formatCursor(
      last === undefined
        ? { sinceMs: Math.max(0, startedAtMs - CURSOR_OVERLAP_MS) }
        : { sinceMs, page: { startedAtMs, afterPeer: last.peer, afterLastMs: last.lastMs } },
    ),
    more: last !== undefined,
  };
}

async function readChanged(
  conversations: Conversations,
  { username, sinceMs }: { username: string; sinceMs: number },
): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  let afterPeer: string | undefined;
  for (let page = 0; page < PAGES_READ_MAX; page++) {
    const read = await conversations.page({
      username,
      changedSinceMs: sinceMs,
      limit: ROWS_READ,
      ...(afterPeer === undefined ? {} : { afterPeer }),
    });
    rows.push(...read.rows);
    afterPeer = read.nextAfterPeer;
    if (afterPeer === undefined) return rows;
  }
  throw new Refusal(
    "unavailable",
    `A list of more than ${ROWS_READ * PAGES_READ_MAX} conversations cannot be sorted here; use sync.`,
  );
}

async function withProfiles(users: Users, rows: Row[]): Promise<ConversationList["conversations"]> {
  const peers = new Map((await users.getMany(rows.map(({ peer }) => peer))).map((user) => [user.username, user]));
  return rows.map((row) => ({ ...row, profile: profileOf(peers.get(row.peer) ?? { username: row.peer }) }));
}

type Place = { peer: string; lastMs: number };

function newestFirst(a: Place, b: Place): number {
  return b.lastMs - a.lastMs || (a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : 0);
}

function lastMs({ last }: StoredRow): number {
  return last === undefined ? 0 : Date.parse(last.createdAt);
}
