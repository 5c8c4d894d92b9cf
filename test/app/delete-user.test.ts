import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./process.ts";
import { startSystem } from "./system.ts";

let system: Awaited<ReturnType<typeof startSystem>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "dynalite" });
});
afterAll(() => system?.close());

const deleteUser = (...args: string[]) =>
  run("npm", ["run", "-s", "delete-user", "--", ...args], {
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });

test("[D1] a user is deleted by one command, which may be repeated and says what it does", async () => {
  const [alice, bob] = await Promise.all([system.user("alice"), system.user("bob")]);
  await Promise.all([alice.conversations(), bob.conversations()]);
  await alice.send("bob", { text: "one" });
  await bob.send("alice", { text: "two" });
  const endpoint = system.runtime.storageEndpoint;
  const first = deleteUser("alice", "--region", "us-east-1", "--endpoint", endpoint);
  expect(await first.exited, first.output()).toBe(0);
  expect(first.output().trim().split("\n")).toEqual([
    "profile and picture deleted",
    "0 connections forgotten",
    "conversation 1: 2 messages emptied",
    "alice is deleted: 1 conversations left, 2 messages emptied.",
  ]);
  const repeated = deleteUser("alice", "--region", "us-east-1", "--endpoint", endpoint);
  expect(await repeated.exited).toBe(0);
  expect(repeated.output()).toContain("alice is deleted: 0 conversations left, 0 messages emptied.");

  const { body } = await bob.messages("alice");
  expect(body.messages.map(({ seq, text }: { seq: number; text: string }) => [seq, text])).toEqual([
    [1, ""],
    [2, ""],
  ]);
  expect((await bob.conversations()).body.conversations).toMatchObject([{ peer: "alice", last: { preview: "" } }]);
  expect((await bob.send("alice", { text: "still there?" })).body.code).toBe("unknown_user");
});

test("what is not a deployed stack, or not a username, is refused with what was looked for", async () => {
  const endpoint = system.runtime.storageEndpoint;
  const nobody = deleteUser("a#b", "--region", "us-east-1", "--endpoint", endpoint);
  expect(await nobody.exited).toBe(1);
  expect(nobody.output()).toContain("A username has 1 to 128");
  const without = deleteUser("alice");
  expect(await without.exited).toBe(1);
  expect(without.output()).toContain("--region REGION");
});
