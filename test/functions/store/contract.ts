import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "../../../functions/domain/ports.ts";
import type { Stores } from "../../storage.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00.000Z");
const last = { sender: "alice", preview: "hi", createdAt: "2026-01-01T00:00:00.000Z" };

function entry(seq: number, id = `id-${String(seq).padStart(6, "0")}`): LogEntry {
  return {
    message: { id, seq, sender: "alice", recipient: "bob", text: `number ${seq}`, createdAt: last.createdAt },
    newestId: id,
    bursts: { sender: { startedAtMs: NOW_MS, messages: seq } },
  };
}

type Storage = Stores & { close(): Promise<void> };

/** What every store has to do. `open` makes an empty one. */
export function storageContract(name: string, open: () => Promise<Storage>): void {
  describe(`the storage contract: ${name}`, () => {
    let storage: Storage;
    let unique = 0;
    const fresh = (prefix: string) => `${prefix}${unique++}`;
    beforeAll(async () => {
      storage = await open();
    });
    afterAll(() => storage?.close());

    describe("log", () => {
      test("an empty log has no tail and no messages", async () => {
        const conversation = fresh("a#b");
        expect(await storage.log.tail(conversation)).toEqual({});
        expect(await storage.log.backward({ conversation, limit: 10 })).toEqual([]);
        expect(await storage.log.forward({ conversation, after: 0, limit: 10 })).toEqual([]);
      });

      test("[A1] a number is given once, also when many want it at the same time", async () => {
        const conversation = fresh("a#b");
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, i) => storage.log.append(conversation, entry(1, `id-${i}`))),
        );
        expect(outcomes.filter((outcome) => outcome === "appended")).toHaveLength(1);
        expect(await storage.log.append(conversation, entry(1))).toBe("taken");
      });

      test("the tail is the entry that was appended last, whole", async () => {
        const conversation = fresh("a#b");
        const second: LogEntry = {
          ...entry(2),
          newestId: "zzz",
          bursts: {
            sender: { startedAtMs: NOW_MS, messages: 3 },
            recipient: { startedAtMs: NOW_MS + 1, messages: 20 },
          },
        };
        await storage.log.append(conversation, entry(1));
        expect(await storage.log.tail(conversation)).toEqual({ last: entry(1) });
        await storage.log.append(conversation, second);
        expect(await storage.log.tail(conversation)).toEqual({ last: second });
      });

      test("[B1] a fence takes the next number, and gives it up only to those who know its token", async () => {
        const conversation = fresh("a#b");
        const { log } = storage;
        expect(await log.fence(conversation, { seq: 1, token: "one" })).toBe("fenced");
        expect(await log.tail(conversation)).toEqual({ fence: "one" });
        expect(await log.append(conversation, entry(1))).toBe("taken");
        expect(await log.append(conversation, entry(1), "other")).toBe("taken");
        expect(await log.append(conversation, entry(1), "one")).toBe("appended");
        expect(await log.append(conversation, entry(1), "one")).toBe("taken");
        expect(await log.tail(conversation)).toEqual({ last: entry(1) });
        expect(await log.fence(conversation, { seq: 1, token: "two" })).toBe("taken");
        expect(await log.fence(conversation, { seq: 2, token: "two" })).toBe("fenced");
        expect(await log.fence(conversation, { seq: 2, token: "three" })).toBe("taken");
        expect(await log.fence(conversation, { seq: 2, token: "three", over: "two" })).toBe("fenced");
        expect(await log.append(conversation, entry(2), "two")).toBe("taken");
        expect(await log.tail(conversation)).toEqual({ last: entry(1), fence: "three" });
      });

      test("[B1] a fence is in no page, and no page is shorter for it", async () => {
        const conversation = fresh("a#b");
        const { log } = storage;
        for (let seq = 1; seq <= 5; seq++) await log.append(conversation, entry(seq));
        await log.fence(conversation, { seq: 6, token: "fence" });
        const seqs = (entries: LogEntry[]) => entries.map(({ message }) => message.seq);
        expect(seqs(await log.backward({ conversation, limit: 2 }))).toEqual([5, 4]);
        expect(seqs(await log.backward({ conversation, before: 7, limit: 1 }))).toEqual([5]);
        expect(seqs(await log.forward({ conversation, after: 3, limit: 2 }))).toEqual([4, 5]);
        expect(seqs(await log.forward({ conversation, after: 4, limit: 2 }))).toEqual([5]);
        expect(seqs(await log.forward({ conversation, after: 5, limit: 2 }))).toEqual([]);
      });

      test("pages go forward and backward, in order, by number and not by text, with and without a bound", async () => {
        const conversation = fresh("a#b");
        for (let seq = 1; seq <= 12; seq++) await storage.log.append(conversation, entry(seq));
        const seqs = (entries: LogEntry[]) => entries.map(({ message }) => message.seq);
        expect(seqs(await storage.log.backward({ conversation, limit: 3 }))).toEqual([12, 11, 10]);
        expect(seqs(await storage.log.backward({ conversation, before: 10, limit: 2 }))).toEqual([9, 8]);
        expect(seqs(await storage.log.backward({ conversation, before: 2, limit: 5 }))).toEqual([1]);
        expect(seqs(await storage.log.forward({ conversation, after: 9, limit: 100 }))).toEqual([10, 11, 12]);
        expect(seqs(await storage.log.forward({ conversation, after: 0, limit: 2 }))).toEqual([1, 2]);
      });

      test("a page of large messages is whole, although it is more than DynamoDB's 1 MB", async () => {
        const conversation = fresh("a#b");
        const large = "😀".repeat(4096);
        for (let seq = 1; seq <= 80; seq++) {
          const { message, ...rest } = entry(seq);
          await storage.log.append(conversation, { message: { ...message, text: large }, ...rest });
        }
        const page = await storage.log.forward({ conversation, after: 0, limit: 100 });
        expect(page).toHaveLength(80);
        expect(page.every(({ message }) => message.text === large)).toBe(true);
      });

      test.each(["\u0000", "a\u0000b", "'\"`$", "\u2028", "👨‍👩‍👧", "\r\n", "مرحبا"])(
        "text is kept as it is: %j",
        async (text) => {
          const conversation = fresh("a#b");
          const { message, ...rest } = entry(1);
          await storage.log.append(conversation, { message: { ...message, text }, ...rest });
          expect((await storage.log.tail(conversation)).last?.message.text).toBe(text);
        },
      );
    });

    describe("users", () => {
      test.each(["alice", "张三", "__proto__", "constructor", "o.brien@x.cn"])(
        "%s is made once, and kept",
        async (name) => {
          const username = fresh(name);
          expect(await storage.users.get(username)).toBeUndefined();
          await storage.users.create(username, NOW_MS);
          await storage.users.create(username, NOW_MS + 1);
          expect(await storage.users.get(username)).toEqual({ username });
          expect(await storage.users.get(username, { mayBeStale: true })).toEqual({ username });
        },
      );

      test("[U1] what is changed is changed, and what is taken away is gone", async () => {
        const username = fresh("changed");
        await storage.users.create(username, NOW_MS);
        const { users } = storage;
        expect(await users.change(username, { displayName: "Al" })).toEqual({ username, displayName: "Al" });
        const both = { username, displayName: "Al", avatarVersion: "v1" };
        expect(await users.change(username, { avatarVersion: "v1" })).toEqual(both);
        expect(await users.get(username)).toEqual(both);
        expect(await users.change(username, { displayName: null })).toEqual({ username, avatarVersion: "v1" });
        expect(await users.change(username, { avatarVersion: null })).toEqual({ username });
        expect(await users.change(username, { avatarVersion: null, displayName: "B" })).toEqual({
          username,
          displayName: "B",
        });
      });

      test("many are read at once, and the unknown left out", async () => {
        const names = Array.from({ length: 130 }, () => fresh("many"));
        await Promise.all(names.map((name) => storage.users.create(name, NOW_MS)));
        const found = await storage.users.getMany([...names, "nobody"]);
        expect(found.map(({ username }) => username).sort()).toEqual(names.sort());
        expect(await storage.users.getMany([])).toEqual([]);
      });

      test("[Q2] new peers are counted up to the maximum, exactly, also at once, and again in the next window", async () => {
        const username = fresh("opener");
        const count = (peer: string, nowMs: number) =>
          storage.users.countNewPeer({ username, peer, nowMs, windowMs: 1000, max: 5 });
        const peers = Array.from({ length: 9 }, (_, i) => `peer${i}`);
        const outcomes = await Promise.all(peers.map((peer) => count(peer, NOW_MS)));
        expect(outcomes.filter((outcome) => outcome === "counted")).toHaveLength(5);
        expect(await count("another", NOW_MS + 999)).toEqual({ windowEndsAtMs: NOW_MS + 1000 });
        expect(await count("another", NOW_MS + 1000)).toBe("counted");
      });

      test("[Q2] a peer counts once, however often and at how many times it is counted", async () => {
        const username = fresh("opener");
        const count = (peer: string) =>
          storage.users.countNewPeer({ username, peer, nowMs: NOW_MS, windowMs: 1000, max: 2 });
        const same = await Promise.all(Array.from({ length: 6 }, () => count("bob")));
        expect(same).toEqual(Array(6).fill("counted"));
        expect(await count("cid")).toBe("counted");
        expect(await count("dan")).toEqual({ windowEndsAtMs: NOW_MS + 1000 });
        expect(await count("bob")).toBe("counted");
      });
    });

    describe("rows", () => {
      const advance = (row: { username: string; seq: number; marker?: "readSeq" | "peerReadSeq"; nowMs?: number }) =>
        storage.conversations.advance({ peer: "bob", last, marker: "readSeq", nowMs: NOW_MS, ...row });

      test("[W1] a row is made, raised, and never goes back", async () => {
        const username = fresh("row");
        expect(await storage.conversations.get({ username, peer: "bob" })).toBeUndefined();
        await advance({ username, seq: 3 });
        const raised = { username, peer: "bob", lastSeq: 3, last, readSeq: 3, peerReadSeq: 0, blocked: false };
        expect(await storage.conversations.get({ username, peer: "bob" })).toEqual({ ...raised, changedAtMs: NOW_MS });
        await advance({ username, seq: 2, nowMs: NOW_MS + 5 });
        expect(await storage.conversations.get({ username, peer: "bob" })).toEqual({ ...raised, changedAtMs: NOW_MS });
      });

      test("[W2] the marker is raised also where the row was further, and by itself never goes back", async () => {
        const username = fresh("row");
        await advance({ username, seq: 7, marker: "peerReadSeq" });
        await advance({ username, seq: 5, marker: "readSeq", nowMs: NOW_MS + 1 });
        const row = await storage.conversations.get({ username, peer: "bob" });
        expect(row).toMatchObject({ lastSeq: 7, readSeq: 5, peerReadSeq: 7, changedAtMs: NOW_MS + 1 });
        await advance({ username, seq: 6, marker: "peerReadSeq" });
        expect(await storage.conversations.get({ username, peer: "bob" })).toEqual(row);
      });

      test("[W1] raised by many at once, in any order, a row ends at the highest", async () => {
        const username = fresh("row");
        const seqs = [4, 9, 1, 7, 2, 10, 3, 8, 6, 5];
        await Promise.all(
          seqs.map((seq) => advance({ username, seq, marker: seq % 2 === 0 ? "readSeq" : "peerReadSeq" })),
        );
        expect(await storage.conversations.get({ username, peer: "bob" })).toMatchObject({
          lastSeq: 10,
          readSeq: 10,
          peerReadSeq: 9,
        });
      });

      test("[M1] a marker is raised by itself, made where there is no row, and never goes back", async () => {
        const username = fresh("row");
        const raise = (seq: number, marker: "readSeq" | "peerReadSeq", nowMs: number) =>
          storage.conversations.raiseMarker({ username, peer: "bob", seq, marker, nowMs });
        const row = () => storage.conversations.get({ username, peer: "bob" });
        await raise(3, "readSeq", NOW_MS);
        const made = { username, peer: "bob", lastSeq: 0, readSeq: 3, peerReadSeq: 0, blocked: false };
        expect(await row()).toEqual({ ...made, changedAtMs: NOW_MS });
        await raise(2, "readSeq", NOW_MS + 1);
        await raise(3, "readSeq", NOW_MS + 2);
        expect(await row()).toEqual({ ...made, changedAtMs: NOW_MS });
        await Promise.all([5, 9, 4, 7].map((seq) => raise(seq, "peerReadSeq", NOW_MS + seq)));
        expect(await row()).toEqual({ ...made, peerReadSeq: 9, changedAtMs: expect.any(Number) });
        await advance({ username, seq: 8 });
        expect(await row()).toMatchObject({ lastSeq: 8, readSeq: 8, peerReadSeq: 9 });
      });

      test("[B1] a block is set and lifted, and changes nothing else", async () => {
        const username = fresh("row");
        const set = (blocked: boolean, nowMs: number) =>
          storage.conversations.setBlocked({ username, peer: "bob", blocked, nowMs });
        const row = () => storage.conversations.get({ username, peer: "bob" });
        await set(true, NOW_MS);
        expect(await row()).toMatchObject({ lastSeq: 0, blocked: true, changedAtMs: NOW_MS });
        await advance({ username, seq: 2, nowMs: NOW_MS + 1 });
        await set(true, NOW_MS + 2);
        expect(await row()).toMatchObject({ lastSeq: 2, readSeq: 2, blocked: true, changedAtMs: NOW_MS + 2 });
        await set(false, NOW_MS + 3);
        expect(await row()).toMatchObject({ lastSeq: 2, blocked: false, changedAtMs: NOW_MS + 3 });
      });

      test("[S2] pages go by rising peer, hold what changed since, and end", async () => {
        const username = fresh("lister");
        for (const [index, peer] of ["ann", "bob", "cid", "dan", "eve"].entries())
          await storage.conversations.advance({
            username,
            peer,
            seq: 1,
            last,
            marker: "readSeq",
            nowMs: NOW_MS + index,
          });
        const peers: string[][] = [];
        let afterPeer: string | undefined;
        do {
          const page = await storage.conversations.page({
            username,
            changedSinceMs: NOW_MS + 2,
            limit: 2,
            ...(afterPeer === undefined ? {} : { afterPeer }),
          });
          peers.push(page.rows.map(({ peer }) => peer));
          afterPeer = page.nextAfterPeer;
        } while (afterPeer !== undefined && peers.length < 10);
        expect(peers.flat()).toEqual(["cid", "dan", "eve"]);
        expect(peers[0]).toEqual([]);
      });
    });

    describe("standings", () => {
      test("say who of the two there is, and whether the recipient has blocked the sender, not the reverse", async () => {
        const [ann, bob] = [fresh("ann"), fresh("bob")];
        const read = () => storage.standings.read({ sender: ann, recipient: bob });
        expect(await read()).toEqual({ sender: undefined, recipient: undefined, blocked: false });
        await storage.users.create(bob, 0);
        expect(await read()).toEqual({ sender: undefined, recipient: { username: bob }, blocked: false });
        await storage.users.create(ann, 0);
        await storage.users.change(ann, { displayName: "Ann" });
        await storage.conversations.setBlocked({ username: ann, peer: bob, blocked: true, nowMs: 0 });
        const both = { sender: { username: ann, displayName: "Ann" }, recipient: { username: bob } };
        expect(await read()).toEqual({ ...both, blocked: false });
        await storage.conversations.setBlocked({ username: bob, peer: ann, blocked: true, nowMs: 0 });
        expect(await read()).toEqual({ ...both, blocked: true });
      });
    });

    describe("avatars", () => {
      test("[U2] a picture is kept byte for byte, replaced, and taken away", async () => {
        const username = fresh("pictured");
        expect(await storage.avatars.get(username)).toBeUndefined();
        const image = Uint8Array.from({ length: 65_536 }, (_, i) => i % 256);
        const avatar = { username, version: "v1", contentType: "image/png", image } as const;
        await storage.avatars.put(avatar);
        expect(await storage.avatars.get(username)).toEqual(avatar);
        await storage.avatars.put({ ...avatar, version: "v2", image: image.subarray(0, 1) });
        expect(await storage.avatars.get(username)).toEqual({ ...avatar, version: "v2", image: image.subarray(0, 1) });
        await storage.avatars.remove(username);
        await storage.avatars.remove(username);
        expect(await storage.avatars.get(username)).toBeUndefined();
      });
    });

    describe("connections", () => {
      test("[C3] what has expired does not count; what was written again does", async () => {
        const username = fresh("connected");
        const connection = {
          username,
          connectionId: "c1=",
          connectedAtMs: NOW_MS,
          expiresAtSeconds: NOW_MS / 1000 + 10,
        };
        await storage.connections.put(connection);
        await storage.connections.put({ ...connection, connectionId: "c2=", userAgent: "test" });
        const ids = async (nowMs: number) =>
          (await storage.connections.live({ username, nowMs })).map(({ connectionId }) => connectionId);
        expect(await storage.connections.live({ username, nowMs: NOW_MS })).toContainEqual(connection);
        expect(await ids(NOW_MS + 9_999)).toEqual(["c1=", "c2="]);
        expect(await ids(NOW_MS + 10_000)).toEqual([]);
        await storage.connections.put({ ...connection, expiresAtSeconds: NOW_MS / 1000 + 20 });
        expect(await ids(NOW_MS + 10_000)).toEqual(["c1="]);
      });

      test("[C4] a removed one is gone, and a repeat is no error", async () => {
        const username = fresh("connected");
        await storage.connections.put({ username, connectionId: "c1=", connectedAtMs: 0, expiresAtSeconds: 9e9 });
        const has = (connectionId: string) => storage.connections.has({ username, connectionId });
        expect([await has("c1="), await has("c2=")]).toEqual([true, false]);
        await storage.connections.remove({ username, connectionId: "c1=" });
        await storage.connections.remove({ username, connectionId: "c1=" });
        expect(await has("c1=")).toBe(false);
        expect(await storage.connections.live({ username, nowMs: NOW_MS })).toEqual([]);
      });
    });
  });
}
