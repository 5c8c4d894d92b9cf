import { afterAll, beforeAll, expect, test } from "vitest";
import type { DuetError } from "../../client/index.ts";
import { isOnline, startClients, texts, until } from "./clients.ts";

let clients: Awaited<ReturnType<typeof startClients>>;
beforeAll(async () => {
  clients = await startClients();
});
afterAll(() => clients?.close());

test("[C1] a token that is refused is replaced once, by another that the app gives", async () => {
  const { alice } = await clients.pair();
  const asked: (string | undefined)[] = [];
  const client = clients.open(alice, {
    token: ({ refused }) => {
      asked.push(refused);
      return refused === undefined ? "not.a.token" : alice.token;
    },
  });
  await isOnline(client);
  expect(asked).toEqual([undefined, "not.a.token"]);
});

test("[C1] when that is refused too, the client is signed out, says so once, and comes back when it is told to", async () => {
  const { alice, bob } = await clients.pair();
  let token = "not.a.token";
  const client = clients.open(alice, { token: () => token, username: alice.username });
  const errors: DuetError[] = [];
  client.on("error", (error) => errors.push(error));
  const sending = client.conversation(bob.username).send("in the end");
  await until(client, "status", () => client.status === "signed-out");
  expect(errors.map(({ code }) => code)).toEqual(["unauthorized"]);
  token = alice.token;
  client.reconnect();
  await isOnline(client);
  expect(await sending).toMatchObject({ seq: 1, text: "in the end" });
});

test("nobody is signed in: the status says so", async () => {
  const client = clients.open({ token: "" });
  const errors: DuetError[] = [];
  client.on("error", (error) => errors.push(error));
  await until(client, "status", () => client.status === "signed-out");
  expect(errors.map(({ code }) => code)).toEqual(["signed_out"]);
});

test("[S5] a token ends and the app has no other until then: the next is asked for, and nothing is missed", {
  timeout: 60_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  let token = await clients.shortToken(bob.username, 4);
  let isRenewed = false;
  const client = clients.open(bob, {
    token: ({ refused }) => {
      if (refused === undefined) return token;
      isRenewed = true;
      token = bob.token;
      return token;
    },
  });
  await isOnline(client);
  const withAlice = client.conversation(alice.username);
  for (let i = 1; i <= 24; i++) {
    await alice.send(bob.username, { text: `text ${i}` });
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await until(withAlice, "change", () => isRenewed && withAlice.messages.length === 24);
  expect(texts(withAlice.messages)).toEqual(Array.from({ length: 24 }, (_, i) => `text ${i + 1}`));
});

test("another user's token ends it: nothing that one user wrote is sent as another", async () => {
  const { alice, bob } = await clients.pair();
  const client = clients.open(bob, { username: alice.username });
  const errors: DuetError[] = [];
  client.on("error", (error) => errors.push(error));
  void client.conversation(bob.username).send("as alice");
  await until(client, "status", () => client.status === "signed-out");
  expect(errors.map(({ code }) => code)).toEqual(["wrong_user"]);
  expect(await clients.log(alice, bob.username)).toEqual([]);
});
