import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { afterAll, describe, expect, test } from "vitest";
import { type IndexedDb, indexedDbStorage, type Locks } from "../../client/browser.ts";
import { memoryStorage, type OutboxEntry, type Storage } from "../../client/index.ts";
import { newMessageId } from "../../client/message-id.ts";
import { fileStorage } from "../../client/node.ts";

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "duet-storage-"));
  directories.push(directory);
  return directory;
}

/** Web Locks, as the tabs of one browser have them. Node 20 has none. */
function locks(): Locks {
  const held = new Set<string>();
  return {
    async request(name, { ifAvailable }, holding) {
      if (held.has(name)) {
        expect(ifAvailable).toBe(true);
        return holding(null);
      }
      held.add(name);
      try {
        return await holding({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

const entry = (order: number, text = `text ${order}`): OutboxEntry => ({
  id: newMessageId(1_000_000 + order),
  peer: "bob",
  text,
  order,
});
const ALICE = { url: "https://chat.example", username: "张三" };

const STORAGES: { name: string; create: () => Storage }[] = [
  { name: "memoryStorage", create: memoryStorage },
  { name: "fileStorage", create: () => fileStorage({ directory: newDirectory() }) },
  {
    name: "indexedDbStorage",
    create: () => indexedDbStorage({ indexedDb: new IDBFactory() as IndexedDb, locks: locks() }),
  },
];

describe.each(STORAGES)("$name", ({ create }) => {
  test("what a client leaves is the next one's, in its order, as it was last put", async () => {
    const storage = create();
    const first = await storage.open(ALICE);
    expect(await first.outbox.load()).toEqual([]);
    for (const order of [1, 2, 12, 3]) await first.outbox.put(entry(order));
    await first.outbox.put({ ...entry(2), refusal: { code: "blocked", detail: "No." } });
    await first.outbox.remove(1);
    await first.outbox.remove(99);
    await first.close();
    const next = await storage.open(ALICE);
    const left = await next.outbox.load();
    expect(new Set(left.map(({ order }) => order)).size).toBe(3);
    expect(left.sort((a, b) => a.order - b.order)).toMatchObject([
      { text: "text 2", refusal: { code: "blocked" } },
      { text: "text 3" },
      { text: "text 12" },
    ]);
    for (const { order } of left) await next.outbox.remove(order);
    await next.close();
    expect(await (await storage.open(ALICE)).outbox.load()).toEqual([]);
  });

  test("what a client that lives has on its way is no other's, and what is left is given to one", async () => {
    const storage = create();
    const [tab, other] = await Promise.all([storage.open(ALICE), storage.open(ALICE)]);
    await tab.outbox.put(entry(1, "of a tab"));
    await other.outbox.put(entry(1, "of the other"));
    expect(await (await storage.open(ALICE)).outbox.load()).toEqual([]);
    await Promise.all([tab.close(), other.close()]);
    const [one, two] = await Promise.all([storage.open(ALICE), storage.open(ALICE)]);
    const given = (await Promise.all([one.outbox.load(), two.outbox.load()])).flat();
    expect(given.map(({ text }) => text).sort()).toEqual(["of a tab", "of the other"]);
  });

  test("users and servers are kept apart", async () => {
    const storage = create();
    const alice = await storage.open(ALICE);
    await alice.outbox.put(entry(1));
    await alice.positions.raise({ bob: 3 });
    await alice.close();
    for (const account of [
      { ...ALICE, username: "x".repeat(128) },
      { ...ALICE, url: "https://other.example" },
    ]) {
      const opened = await storage.open(account);
      expect([await opened.outbox.load(), await opened.positions.load()]).toEqual([[], undefined]);
    }
  });

  test("positions only rise, whoever raises them, and are there from the first time on, even with nothing", async () => {
    const storage = create();
    const { positions } = await storage.open(ALICE);
    expect(await positions.load()).toBeUndefined();
    await positions.raise({});
    expect(await positions.load()).toEqual({});
    await Promise.all([positions.raise({ bob: 3, ["__proto__"]: 1 }), positions.raise({ bob: 2, cid: 1 })]);
    expect(await (await storage.open(ALICE)).positions.load()).toEqual({ bob: 3, cid: 1, ["__proto__"]: 1 });
  });
});

test("files are for this user alone, and a file that was not whole was never kept", async () => {
  const directory = newDirectory();
  const opened = await fileStorage({ directory }).open(ALICE);
  await opened.outbox.put(entry(1));
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((file) => join(directory, file));
  for (const file of files) expect(statSync(file).mode & 0o077).toBe(0);
  expect(files.filter((file) => file.endsWith(".json"))).toHaveLength(1);
});

test("without IndexedDB or Web Locks, opening says so", async () => {
  await expect(indexedDbStorage().open(ALICE)).rejects.toThrow("There is no IndexedDB, or no Web Locks");
});
