import { afterAll, beforeAll, expect, test } from "vitest";
import { startSystem } from "./system.ts";

let system: Awaited<ReturnType<typeof startSystem>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "dynalite", limits: false });
});
afterAll(() => system?.close());

test("[Q3] without limits a sender may go on after 20 messages, and write to more than 30 new peers", async () => {
  const alice = await system.user("alice");
  const peers = Array.from({ length: 31 }, (_, i) => `peer${i}`);
  for (const peer of peers) await (await system.user(peer)).conversations();
  for (const peer of peers) expect((await alice.send(peer, { text: "hi" })).status).toBe(201);
  for (let i = 2; i <= 25; i++) {
    const { status, body } = await alice.send("peer0", { text: `${i}` });
    expect([status, body.message?.seq]).toEqual([201, i]);
  }
});
