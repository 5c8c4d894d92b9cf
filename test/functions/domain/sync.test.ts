import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listConversations } from "../../../functions/domain/list-conversations.ts";
import type { Connection, World } from "../../../functions/domain/ports.ts";
import { type SyncRequest, sync } from "../../../functions/domain/sync.ts";
import { ROW_PAGE_DEFAULT } from "../../../functions/protocol/limits.ts";
import type { Row } from "../../../functions/protocol/wire.ts";
import { TIMEOUT } from "../../../lib/functions.ts";
import { openStorage, type Storage } from "../../storage.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

let nowMs = Date.parse("2026-01-01T00:00:00.000Z");
const world: World = {
  nowMs: () => nowMs,
  random: Math.random,
  sleep: async () => undefined,
  newId: () => randomUUID(),
};

const CLOCKS_DIFFER_MS = 500;
const WRITES_AT_ONCE = 20;

/** A user with a row about each of `peers` peers, the last one written the newest. */
async function userWithRows(peers: number, previewOf: (index: number) => string = () => "hi") {
  const username = `user-${randomUUID()}`;
  const names = Array.from({ length: peers }, (_, i) => `peer-${String((i * 7) % 1000).padStart(4, "0")}-${i}`);
  for (let start = 0; start < peers; start += WRITES_AT_ONCE)
    await Promise.all(
      names
        .slice(start, start + WRITES_AT_ONCE)
        .map((peer, i) => write(username, peer, 1, previewOf(start + i), nowMs + start + i)),
    );
  nowMs += peers;
  return { username, names };
}

const write = (username: string, peer: string, seq: number, preview = "hi", atMs = nowMs) =>
  storage.conversations.advance({
    username,
    peer,
    seq,
    last: { sender: peer, preview, createdAt: new Date(atMs).toISOString() },
    marker: "peerReadSeq",
    nowMs: atMs,
  });

const request = (username: string, since?: string): SyncRequest => ({
  username,
  connectionId: "c1=",
  connectedAtMs: nowMs - 1000,
  tokenExpiresAtSeconds: nowMs / 1000 + 600,
  ...(since === undefined ? {} : { since }),
});

/** Syncs until there is no more; every answer has to fit a frame. */
async function syncAll(username: string, since?: string) {
  const rows: Row[] = [];
  let answers = 0;
  let cursor = since;
  for (;;) {
    const answer = await sync({ ...storage, world }, request(username, cursor));
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(32 * 1024);
    rows.push(...answer.rows);
    answers++;
    cursor = answer.cursor;
    if (!answer.more) return { rows, cursor, answers };
    expect(answer.rows.length).toBeGreaterThan(0);
  }
}

describe("sync", () => {
  test("[S1] the connection is recorded, until its token expires, before the rows are read", async () => {
    const { username } = await userWithRows(1);
    let recorded: Connection[] = [];
    const conversations = {
      ...storage.conversations,
      page: async (options: Parameters<typeof storage.conversations.page>[0]) => {
        recorded = await storage.connections.live({ username, nowMs });
        return storage.conversations.page(options);
      },
    };
    await sync({ ...storage, conversations, world }, request(username));
    const expiresAtSeconds = nowMs / 1000 + 600;
    expect(recorded).toEqual([{ username, connectionId: "c1=", connectedAtMs: nowMs - 1000, expiresAtSeconds }]);
  });

  test("[S1] the rows are read strongly consistent", async () => {
    const { username } = await userWithRows(1);
    storage.takeRequests();
    await sync({ ...storage, world }, request(username));
    // Whether the connection is recorded, and the rows.
    expect(storage.takeRequests().reads).toMatchObject([{ ConsistentRead: true }, { ConsistentRead: true }]);
  });

  test("[S1] a connection that is recorded is not written again, one that was forgotten is", async () => {
    const { username } = await userWithRows(1);
    await sync({ ...storage, world }, request(username));
    storage.takeRequests();
    await sync({ ...storage, world }, request(username));
    expect(storage.takeRequests().units).toEqual({ read: 2, write: 0 });
    await storage.connections.remove({ username, connectionId: "c1=" });
    await sync({ ...storage, world }, request(username));
    expect(await storage.connections.live({ username, nowMs })).toMatchObject([{ connectionId: "c1=" }]);
  });

  test("[S2] [S3] 300 rows with the longest previews come in several frames, each peer once", async () => {
    const { username, names } = await userWithRows(300, () => "😀".repeat(100));
    const { rows, answers } = await syncAll(username);
    expect(rows.map(({ peer }) => peer).sort()).toEqual(names.sort());
    expect(answers).toBeGreaterThan(3);
  });

  test("[S2] with a cursor come the rows that changed since, also one that was written late", async () => {
    const { username } = await userWithRows(20);
    nowMs += 10 * 60_000;
    const { cursor } = await syncAll(username);
    expect((await syncAll(username, cursor)).rows).toEqual([]);
    nowMs += 1000;
    await write(username, "new-peer", 1);
    // A function took this time before it lost its processor, and its write comes only now, at the end of its life.
    const functionTimeoutMs = TIMEOUT.toMilliseconds();
    await write(username, "late-peer", 1, "hi", nowMs - 1000 - functionTimeoutMs - CLOCKS_DIFFER_MS);
    expect((await syncAll(username, cursor)).rows.map(({ peer }) => peer)).toEqual(["late-peer", "new-peer"]);
  });

  test("[S2] a row that changes while the frames are read is given by the next sync at the latest", async () => {
    const { username, names } = await userWithRows(300, () => "😀".repeat(100));
    const first = await sync({ ...storage, world }, request(username));
    expect(first.more).toBe(true);
    const changed = first.rows[0]?.peer ?? "";
    nowMs += 300_000;
    await write(username, changed, 2);
    const rest = await syncAll(username, first.cursor);
    expect(new Set([...first.rows, ...rest.rows].map(({ peer }) => peer)).size).toBe(names.length);
    expect((await syncAll(username, rest.cursor)).rows).toContainEqual(
      expect.objectContaining({ peer: changed, lastSeq: 2 }),
    );
  });

  test("[S5] a connection whose token has expired is refused, and not recorded", async () => {
    const { username } = await userWithRows(1);
    const refused = sync({ ...storage, world }, { ...request(username), tokenExpiresAtSeconds: nowMs / 1000 });
    await expect(refused).rejects.toMatchObject({ code: "token_expired" });
    expect(await storage.connections.live({ username, nowMs })).toEqual([]);
  });

  test("[C3] a record lasts two hours and five minutes where the token lasts longer", async () => {
    const { username } = await userWithRows(1);
    const opened = { ...request(username), tokenExpiresAtSeconds: nowMs / 1000 + 86_400 };
    await sync({ ...storage, world }, opened);
    const [record] = await storage.connections.live({ username, nowMs });
    expect(record?.expiresAtSeconds).toBe(Math.ceil(opened.connectedAtMs / 1000) + 2 * 3600 + 5 * 60);
  });
});

describe("the list of conversations", () => {
  const list = (username: string, since?: string, limit = ROW_PAGE_DEFAULT) =>
    listConversations({ ...storage, world }, { username, page: { limit, ...(since === undefined ? {} : { since }) } });

  test("[L3] 450 rows come in three pages of the usual size, newest message first, each once, with profiles", async () => {
    const { username, names } = await userWithRows(450);
    await storage.users.create(names[0] ?? "", nowMs);
    const pages = [await list(username)];
    while (pages.at(-1)?.more) pages.push(await list(username, pages.at(-1)?.cursor));
    expect(pages.map(({ conversations }) => conversations.length)).toEqual([200, 200, 50]);
    const peers = pages.flatMap(({ conversations }) => conversations.map(({ peer }) => peer));
    expect(peers).toEqual(names.toReversed());
    expect(pages[2]?.conversations.at(-1)?.profile).toMatchObject({ displayName: names[0], avatar: null });
    const all = await list(username, undefined, 450);
    expect(all.conversations.map(({ peer }) => peer)).toEqual(peers);
    expect(all.more).toBe(false);
    const begun = await list(username, undefined, 449);
    expect(begun.more).toBe(true);
    expect((await list(username, begun.cursor, 1)).conversations.map(({ peer }) => peer)).toEqual([names[0]]);
  });

  test("[L3] a row that moves to the top between two pages is given by the next reading", async () => {
    const { username, names } = await userWithRows(201);
    const first = await list(username);
    nowMs += 300_000;
    await write(username, names[0] ?? "", 2);
    const second = await list(username, first.cursor);
    expect(second).toMatchObject({ conversations: [], more: false });
    expect((await list(username, second.cursor)).conversations).toContainEqual(
      expect.objectContaining({ peer: names[0], lastSeq: 2 }),
    );
  });

  test("[L3] rows of one moment are given once each, in the order of their peers", async () => {
    const username = `user-${randomUUID()}`;
    const peers = Array.from({ length: 201 }, (_, i) => `peer-${String(i).padStart(3, "0")}`);
    for (const peer of peers) await write(username, peer, 1);
    const first = await list(username);
    const second = await list(username, first.cursor);
    expect([...first.conversations, ...second.conversations].map(({ peer }) => peer)).toEqual(peers);
  });

  test("[L4] whoever lists exists from then on, with an empty list", async () => {
    const username = `newcomer-${randomUUID()}`;
    expect((await list(username)).conversations).toEqual([]);
    expect(await storage.users.get(username)).toEqual({ username });
  });
});
