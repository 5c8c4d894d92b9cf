import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteUser, type UserTables } from "../../../functions/store/delete-user.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, connectionsOf, connectTo, twoUsers } from "../domain/fixture.ts";

describe.each(["java", "dynalite"] as const)("deleting a user, on %s", (engine) => {
  let storage: Storage;
  let tables: UserTables;
  beforeAll(async () => {
    storage = await openStorage(engine);
    tables = {
      users: storage.table("Users"),
      avatars: storage.table("Avatars"),
      connections: storage.table("Connections"),
      conversations: storage.table("Conversations"),
      messages: storage.table("Messages"),
    };
  });
  afterAll(() => storage?.close());

  const remove = (username: string, tell: (progress: string) => void = () => undefined) =>
    deleteUser(tables, { username, nowMs: Date.now, tell });

  test("[D1] empties every text of their conversations and keeps the numbers; they are unknown then", async () => {
    const { alice, bob, say, answer, rows, texts } = await twoUsers(storage);
    await storage.avatars.put({ username: alice, version: "1", contentType: "image/png", image: Buffer.from("x") });
    await connectTo(storage, alice, "c1");
    await say("from alice");
    await answer("from bob");
    const { message } = await say("the last");
    const before = (await rows())[1];

    expect(await remove(alice)).toEqual({ connections: 1, conversations: 1, messages: 3 });
    expect(await storage.users.get(alice)).toBeUndefined();
    expect(await storage.avatars.get(alice)).toBeUndefined();
    expect(await connectionsOf(storage, alice)).toEqual([]);
    expect(await texts()).toEqual(["1 ", "2 ", "3 "]);
    const [hers, his] = await rows();
    expect(hers).toBeUndefined();
    expect(his).toMatchObject({ lastSeq: 3, last: { sender: alice, preview: "" }, readSeq: 2 });
    expect(his?.changedAtMs).toBeGreaterThanOrEqual(before?.changedAtMs ?? Number.POSITIVE_INFINITY);
    expect(await code(answer("hello?"))).toBe("unknown_user");

    // Whoever takes the name goes on with the numbers, since the peer's devices hold the old ones.
    await storage.users.create(alice, Date.now());
    expect((await answer("hello")).message.seq).toBe(4);
    expect(await code(say("another text", message.id))).toBe("id_reused");
    expect(await storage.users.get(bob)).toMatchObject({ username: bob });
  });

  test("leaves the conversations of others alone", async () => {
    const one = await twoUsers(storage);
    const other = await twoUsers(storage);
    await one.say("one");
    await other.say("other");
    await remove(one.alice);
    expect(await other.texts()).toEqual(["1 other"]);
    expect(await other.rows()).toMatchObject([{ lastSeq: 1 }, { lastSeq: 1, last: { preview: "other" } }]);
  });

  test("goes on where it was stopped, at whichever step, and a repeat has nothing left to do", async () => {
    const { alice, say, texts, rows } = await twoUsers(storage);
    await connectTo(storage, alice, "c2");
    await say("one");
    await say("two");
    for (const stopAt of [1, 2, 3]) {
      let steps = 0;
      const stopped = remove(alice, () => {
        if (++steps === stopAt) throw new Error("Somebody pulled the plug");
      });
      await expect(stopped).rejects.toThrow("Somebody pulled the plug");
    }
    await remove(alice);
    expect(await texts()).toEqual(["1 ", "2 "]);
    expect((await rows())[0]).toBeUndefined();
    expect(await remove(alice)).toEqual({ connections: 0, conversations: 0, messages: 0 });
  });

  test("empties a log of more than a page, around fences", async () => {
    const { alice, say, bobBlocks, bobUnblocks, texts } = await twoUsers(storage);
    for (let n = 0; n < 120; n++) await say(`${n}`);
    await bobBlocks();
    expect(await remove(alice)).toMatchObject({ messages: 120 });
    expect(new Set((await texts()).map((text) => text.split(" ")[1]))).toEqual(new Set([""]));
    await bobUnblocks().catch(() => undefined);
  });
});
