import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listMessages } from "../../../functions/domain/list-messages.ts";
import { openStorage, type Storage } from "../../storage.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

const world = { nowMs: Date.now, random: Math.random, sleep: async () => undefined, newId: () => randomUUID() };
const list = (username: string, peer: string) =>
  listMessages({ ...storage, world }, { username, peer, page: { limit: 10 } });

test("[A4] there is no log with oneself, nor with nobody", async () => {
  const username = randomUUID();
  await expect(list(username, username)).rejects.toMatchObject({ code: "to_oneself" });
  await expect(list(username, "nobody")).rejects.toMatchObject({ code: "unknown_user" });
});

test("[L4] whoever reads exists from then on, and a log that nobody wrote to is empty", async () => {
  const [username, peer] = [randomUUID(), randomUUID()];
  await storage.users.create(peer, Date.now());
  expect(await list(username, peer)).toEqual({ messages: [], lastSeq: 0 });
  expect(await storage.users.get(username)).toEqual({ username });
});

test("[S1] what it reads of the log is strongly consistent", async () => {
  const [username, peer] = [randomUUID(), randomUUID()];
  await storage.users.create(peer, Date.now());
  storage.takeRequests();
  await list(username, peer);
  const stale = storage.takeRequests().reads.filter(({ ConsistentRead }) => ConsistentRead !== true);
  expect(stale.map(({ Key }) => Key)).toEqual([{ username: { S: username } }]);
});
