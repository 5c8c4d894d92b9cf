import { afterAll, beforeAll, expect, test } from "vitest";
import type { Network, Profile } from "../../client/index.ts";
import { isOnline, startClients, texts, until } from "./clients.ts";
import { eager, testWorld } from "./test-world.ts";

let clients: Awaited<ReturnType<typeof startClients>>;
beforeAll(async () => {
  clients = await startClients();
});
afterAll(() => clients?.close());

const PNG = new Uint8Array(
  Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==",
    "base64",
  ),
);

test("the list has unread counts, profiles and the newest first, and reading moves the marker everywhere", async () => {
  const { alice, bob } = await clients.pair();
  const [phone, laptop, hers] = [clients.open(bob), clients.open(bob), clients.open(alice)];
  await Promise.all([phone, laptop, hers].map(isOnline));
  const sent = await hers.conversation(bob.username).send("one");
  await hers.conversation(bob.username).send("two");
  expect(sent).toMatchObject({ state: "sent", seq: 1, text: "one", sender: alice.username, recipient: bob.username });
  for (const device of [phone, laptop]) await until(device, "rows", () => device.unread === 2);
  expect(phone.conversations).toMatchObject([
    { peer: alice.username, unread: 2, last: { preview: "two" }, profile: { displayName: alice.username } },
  ]);

  const withAlice = phone.conversation(alice.username);
  await until(withAlice, "change", () => withAlice.messages.length === 2);
  expect(withAlice.messages.map(({ state }) => state)).toEqual(["sent", "sent"]);
  withAlice.markRead();
  expect(withAlice.unread).toBe(0);
  await until(laptop, "rows", () => laptop.unread === 0);
  const withBob = hers.conversation(bob.username);
  await until(withBob, "change", () => withBob.messages.every(({ state }) => state === "read"));
  expect(texts(withBob.messages)).toEqual(["one", "two"]);
});

test("of a list, only the row changes of which something new is heard", async () => {
  const { alice, bob } = await clients.pair();
  const { alice: carol } = await clients.pair();
  await alice.send(bob.username, { text: "hi" });
  await carol.send(bob.username, { text: "hi" });
  const client = clients.open(bob);
  await isOnline(client);
  await until(client, "rows", () => client.conversations.every(({ profile }) => profile !== undefined));
  const row = (of: { username: string }) => client.conversations.find(({ peer }) => peer === of.username);
  const before = [row(alice), row(carol)];
  await carol.send(bob.username, { text: "hi again" });
  await until(client, "rows", () => row(carol)?.lastSeq === 2);
  expect(row(alice)).toBe(before[0]);
  expect(row(carol)).not.toBe(before[1]);
  await alice.call("PUT", "/api/me", { body: '{"displayName":"Alice"}' });
  await client.user(alice.username);
  expect(row(alice)).toEqual({ ...before[0], profile: { ...before[0]?.profile, displayName: "Alice" } });
});

test("a message keeps its key and its object from the first that is seen of it, where nothing has changed", async () => {
  const { alice, bob } = await clients.pair();
  const client = clients.open(alice);
  await isOnline(client);
  const withBob = client.conversation(bob.username);
  await until(withBob, "change", () => withBob.isLoaded);
  const sending = withBob.send("hi");
  await until(withBob, "change", () => withBob.messages.length === 1);
  const [first] = withBob.messages;
  expect(first).toMatchObject({ state: "sending", seq: undefined });
  const stored = await sending;
  expect(stored).toMatchObject({ key: first?.key, id: first?.id, state: "sent", seq: 1 });
  await withBob.send("again");
  expect(withBob.messages[0]).toBe(stored);
});

test("[A4] [B2] who is blocked is refused for good: the message has failed, and is sent again when it is asked for", async () => {
  const { alice, bob } = await clients.pair();
  const [hers, his] = [clients.open(alice), clients.open(bob)];
  await Promise.all([hers, his].map(isOnline));
  const withAlice = his.conversation(alice.username);
  await withAlice.block();
  expect(withAlice.isBlocked).toBe(true);
  const withBob = hers.conversation(bob.username);
  await expect(withBob.send("let me in")).rejects.toMatchObject({ name: "DuetError", code: "blocked" });
  const [failed] = withBob.messages;
  expect(failed).toMatchObject({ state: "failed", refusal: { code: "blocked" }, text: "let me in" });
  await expect(withBob.retry(failed?.id ?? "")).rejects.toMatchObject({ code: "blocked" });

  await withAlice.unblock();
  expect(withAlice.isBlocked).toBe(false);
  expect(await withBob.retry(failed?.id ?? "")).toMatchObject({ state: "sent", seq: 1, id: failed?.id });
  expect(texts(await clients.log(alice, bob.username))).toEqual(["let me in"]);
});

test("what is refused for good is thrown away by discard, and what cannot be sent is refused at once", async () => {
  const { alice } = await clients.pair();
  const client = clients.open(alice);
  await isOnline(client);
  const nobody = client.conversation("nobody.at.all");
  await until(nobody, "error", () => true);
  const refused = nobody.send("hello?");
  await expect(refused).rejects.toMatchObject({ code: "unknown_user" });
  await nobody.discard(nobody.messages[0]?.id ?? "");
  expect(nobody.messages).toEqual([]);
  await expect(nobody.discard("no such id")).rejects.toMatchObject({ code: "not_found" });
  await expect(nobody.send(" \n")).rejects.toMatchObject({ code: "empty_text" });
  await expect(nobody.send("x".repeat(65_537))).rejects.toMatchObject({ code: "text_too_long" });
  await expect(client.conversation(alice.username).send("me")).rejects.toMatchObject({ code: "to_oneself" });
});

test("[T1] typing is told to the peer, not at each keystroke, and is over when the message comes or nothing more is heard", async () => {
  const { alice, bob } = await clients.pair();
  const hers = testWorld({ random: eager });
  const his = testWorld({ random: eager });
  const [writer, reader] = [clients.open(alice, { world: hers.world }), clients.open(bob, { world: his.world })];
  await Promise.all([writer, reader].map(isOnline));
  const withBob = writer.conversation(bob.username);
  const withAlice = reader.conversation(alice.username);
  await withBob.send("hi");
  // By the push: the first page may have it before.
  await until(withAlice, "change", () => withAlice.unread === 1);
  const told: boolean[] = [];
  reader.on("typing", ({ peer, isTyping }) => {
    expect(peer).toBe(alice.username);
    told.push(isTyping);
  });
  // A sign right after a message is one that the message has overtaken.
  his.sleep(2_001);
  for (let keystroke = 0; keystroke < 20; keystroke++) withBob.typing();
  await until(withAlice, "change", () => withAlice.isPeerTyping);
  his.sleep(6_000);
  await until(withAlice, "change", () => !withAlice.isPeerTyping);
  withBob.typing();
  hers.sleep(3_000);
  withBob.typing();
  await until(withAlice, "change", () => withAlice.isPeerTyping);
  await withBob.send("done");
  await until(withAlice, "change", () => !withAlice.isPeerTyping);
  hers.sleep(3_000);
  withBob.typing();
  await withBob.send("more");
  await until(withAlice, "change", () => withAlice.messages.length === 3);
  expect(told).toEqual([true, false, true, false]);
});

test("[U1] [U2] [U3] profiles: my own on all my devices, others' by name and with their messages", async () => {
  const { alice, bob } = await clients.pair();
  const [phone, laptop, his] = [clients.open(alice), clients.open(alice), clients.open(bob)];
  await Promise.all([phone, laptop, his].map(isOnline));
  expect(phone.me).toEqual({ username: alice.username, displayName: alice.username, avatar: null });
  await expect(phone.setProfile({ displayName: "" })).rejects.toMatchObject({
    code: "invalid_display_name",
    status: 400,
    requestId: expect.any(String),
  });
  expect(await phone.setProfile({ displayName: "Alice A." })).toMatchObject({ displayName: "Alice A." });
  await until(laptop, "profile", () => laptop.me?.displayName === "Alice A.");
  const { avatar } = await phone.setAvatar(PNG);
  expect(avatar).toMatch(/^\/api\/users\//);
  await until(laptop, "profile", () => laptop.me?.avatar === avatar);
  const learned: Profile[] = [];
  his.on("profile", (profile) => learned.push(profile));
  await phone.conversation(bob.username).send("hi");
  await until(his, "profile", () => his.profile(alice.username) !== undefined);
  const profile = { username: alice.username, displayName: "Alice A.", avatar };
  expect([his.profile(alice.username), his.conversation(alice.username).profile]).toEqual([profile, profile]);
  expect(learned).toContainEqual(profile);
  expect(await his.user(alice.username)).toEqual(profile);
  expect(await phone.setAvatar(null)).toMatchObject({ avatar: null });
  await expect(his.user("nobody.at.all")).rejects.toMatchObject({ code: "unknown_user", status: 404 });
});

test("a listener that throws breaks nothing, and is told of as an error", async () => {
  const { alice, bob } = await clients.pair();
  const client = clients.open(bob);
  const codes: string[] = [];
  const thrown = () => {
    throw new Error("in a listener");
  };
  client.on("status", thrown);
  client.on("rows", thrown);
  client.on("profile", thrown);
  client.on("error", ({ code }) => codes.push(code));
  const withAlice = client.conversation(alice.username);
  withAlice.on("change", thrown);
  await isOnline(client);
  for (const text of ["one", "two"]) await alice.send(bob.username, { text });
  await until(withAlice, "change", () => withAlice.messages.length === 2);
  await withAlice.send("three");
  expect(texts(withAlice.messages)).toEqual(["one", "two", "three"]);
  expect(new Set(codes)).toEqual(new Set(["listener_failed"]));
});

test("when the device says that the network is gone, an open socket counts for nothing; when it is back, so is the client", async () => {
  const { bob } = await clients.pair();
  let isThere = true;
  let tell = () => {};
  const network: Network = {
    isOnline: () => isThere,
    onChange(listener) {
      tell = listener;
      return () => {
        tell = () => {};
      };
    },
  };
  const client = clients.open(bob, { network });
  await isOnline(client);
  isThere = false;
  tell();
  expect(client.status).toBe("offline");
  isThere = true;
  tell();
  await isOnline(client);
});

test("[C7] signing out everywhere closes the sockets, and this client stays out until it is told otherwise", async () => {
  const { alice } = await clients.pair();
  const [phone, laptop] = [clients.open(alice), clients.open(alice)];
  await Promise.all([phone, laptop].map(isOnline));
  const left = until(laptop, "status", () => laptop.status !== "online");
  expect(await phone.signOutEverywhere()).toEqual({ closed: 2 });
  expect(phone.status).toBe("signed-out");
  await left;
  phone.reconnect();
  await isOnline(phone);
});

test("a client that is closed sends nothing more, says so, and ends what listens to it", async () => {
  const { alice, bob } = await clients.pair();
  const client = clients.open(alice);
  const messages = client.messages();
  const next = messages.next();
  const early = client.conversation(bob.username).send("never");
  await Promise.all([client.close(), client.close()]);
  await expect(early).rejects.toMatchObject({ code: "closed" });
  await expect(client.conversation(bob.username).send("later")).rejects.toMatchObject({ code: "closed" });
  expect([await next, await client.messages().next()]).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  expect(client.status).toBe("offline");
  expect(await clients.log(alice, bob.username)).toEqual([]);
  expect(() => client.conversation("..")).toThrow(expect.objectContaining({ code: "invalid_username" }));
});

test("[Q1] [R1] while the server takes no more, a conversation says until when, and then all is stored in order", async () => {
  const strict = await startClients({ limits: true });
  try {
    const { alice, bob } = await strict.pair();
    const client = strict.open(alice);
    await isOnline(client);
    const withBob = client.conversation(bob.username);
    const wanted = Array.from({ length: 22 }, (_, index) => `message ${index + 1}`);
    const sending = Promise.all(wanted.map((text) => withBob.send(text)));
    await until(withBob, "change", () => withBob.held !== undefined);
    expect(withBob.held?.code).toBe("too_many_messages");
    const leftMs = (withBob.held?.untilMs ?? 0) - Date.now();
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(11_000);
    expect(withBob.messages.filter(({ state }) => state === "sending").length).toBe(2);
    await sending;
    expect(texts(withBob.messages)).toEqual(wanted);
    await until(withBob, "change", () => withBob.held === undefined);
  } finally {
    await strict.close();
  }
}, 60_000);
