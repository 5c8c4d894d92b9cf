import { afterAll, beforeAll, expect, test } from "vitest";
import { synthesizeDuet } from "../../bin/run-duet.ts";
import { startSystem } from "./system.ts";

let system: Awaited<ReturnType<typeof startSystem>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "dynalite" });
});
afterAll(() => system?.close());

test("another version is served: data and tokens stay, what is under way ends well, sockets connect again", {
  timeout: 120_000,
}, async () => {
  const [alice, bob] = [await system.user("alice"), await system.user("bob")];
  await bob.conversations();
  expect((await alice.send("bob", { text: "<b>one</b>" })).body.message.text).toBe("one");
  const socket = await bob.open();

  const markupStays = await synthesizeDuet({ markup: "keep" });
  const underWay = Array.from({ length: 10 }, (_, i) => alice.send("bob", { text: `under way ${i}` }));
  await system.runtime.reload(markupStays);
  expect(system.runtime.outDirectory).toBe(markupStays);
  expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual(underWay.map(() => 201));
  expect(await socket.closed).toBe(1001);

  const again = await bob.open();
  const sent = await alice.send("bob", { text: "<b>two</b>" });
  expect(sent.body).toMatchObject({ message: { text: "<b>two</b>", seq: 12 }, delivered: 1 });
  expect(await again.frame(({ seq }) => seq === 12)).toMatchObject({ text: "<b>two</b>" });
  const { messages } = (await bob.messages("alice")).body;
  expect(messages.map(({ seq }: { seq: number }) => seq)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  await again.close();
});

test("a version that cannot be served changes nothing", async () => {
  const { runtime } = system;
  const alice = await system.user("alice");
  const before = runtime.outDirectory;
  await expect(runtime.reload("/nowhere")).rejects.toThrow("/nowhere");
  expect(runtime.outDirectory).toBe(before);
  expect((await alice.send("bob", { text: "still here" })).status).toBe(201);
});
