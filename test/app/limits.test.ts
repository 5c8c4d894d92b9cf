import { afterEach, expect, test } from "vitest";
import { startSystem } from "./system.ts";

const systems: Awaited<ReturnType<typeof startSystem>>[] = [];
afterEach(async () => {
  for (const system of systems.splice(0)) await system.close();
});

async function start(options: { limits?: boolean; context?: Record<string, string> }) {
  const system = await startSystem({ dynamoDb: "dynalite", ...options });
  systems.push(system);
  return system;
}

test("[Q3] a sender who is named when the stack is made is held by no limit, and nobody else is free", async () => {
  const system = await start({ context: { unlimitedSenders: "shop,desk" } });
  const desk = await system.user("desk");
  const alice = await system.user("alice");
  await alice.conversations();
  const statuses = async (sender: typeof desk, recipient: string) => {
    const sends = Array.from({ length: 21 }, (_, i) => sender.send(recipient, { text: `${i}` }));
    return (await Promise.all(sends)).map(({ status }) => status).sort();
  };
  expect(await statuses(desk, "alice")).toEqual(Array(21).fill(201));
  expect(await statuses(alice, "desk")).toEqual([...Array(20).fill(201), 429]);
});

test("[Q3] without limits a sender may go on after 20 messages, and write to more than 30 new peers", async () => {
  const system = await start({ limits: false });
  const alice = await system.user("alice");
  const peers = Array.from({ length: 31 }, (_, i) => `peer${i}`);
  for (const peer of peers) await (await system.user(peer)).conversations();
  for (const peer of peers) expect((await alice.send(peer, { text: "hi" })).status).toBe(201);
  for (let i = 2; i <= 25; i++) {
    const { status, body } = await alice.send("peer0", { text: `${i}` });
    expect([status, body.message?.seq]).toEqual([201, i]);
  }
});
