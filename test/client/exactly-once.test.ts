import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Client, type Conversation, memoryStorage } from "../../client/index.ts";
import { isOnline, startClients, take, texts, until } from "./clients.ts";
import { eager, testWorld } from "./test-world.ts";

let clients: Awaited<ReturnType<typeof startClients>>;
beforeAll(async () => {
  clients = await startClients();
});
// What a test has left silent is no burden to the next.
afterEach(() => clients.proxy.cut());
afterAll(() => clients?.close());

/** What a client shows of a conversation once it has all of it. */
async function shown(conversation: Conversation, count: number): Promise<string[]> {
  const isWhole = () => conversation.isLoaded && (conversation.messages.at(-1)?.seq ?? 0) >= count;
  await until(conversation, "change", isWhole, `${conversation.peer}: ${count} messages`);
  while (await conversation.loadEarlier());
  return texts(conversation.messages);
}

/** Lets the time pass in which a request is not answered, on a connection that was kept open and is dead. */
async function whileTimePasses<T>(sleep: (ms: number) => void, work: Promise<T>): Promise<T> {
  const passing = setInterval(() => sleep(22_000), 1_000);
  try {
    return await work;
  } finally {
    clearInterval(passing);
  }
}

const numbered = (count: number, prefix = "text") => Array.from({ length: count }, (_, i) => `${prefix} ${i + 1}`);

test("[R1] [A5] the server is away for a minute: what was sent meanwhile is stored once and in order, and what others sent is there", async () => {
  const { alice, bob } = await clients.pair();
  const { world, sleep } = testWorld({ random: eager });
  const phone = clients.open(alice, { world });
  const service = clients.open(bob, { url: clients.runtime.baseUrl });
  await Promise.all([isOnline(phone), isOnline(service)]);

  const withBob = phone.conversation(bob.username);
  await until(withBob, "change", () => withBob.isLoaded);
  await clients.proxy.stop();
  const sends = numbered(3).map((text) => withBob.send(text));
  await until(withBob, "change", () => withBob.messages.length === 3);
  expect(withBob.messages.map(({ state }) => state)).toEqual(["sending", "sending", "sending"]);
  await service.conversation(alice.username).send("from bob");
  sleep(60_000);
  await until(phone, "status", () => phone.status === "offline");
  await clients.proxy.start();

  const stored = await Promise.all(sends);
  expect(stored.map(({ state, seq }) => [state, seq])).toEqual([
    ["sent", 2],
    ["sent", 3],
    ["sent", 4],
  ]);
  const whole = ["from bob", ...numbered(3)];
  expect(await shown(withBob, 4)).toEqual(whole);
  expect(await shown(service.conversation(alice.username), 4)).toEqual(whole);
  expect(texts(await clients.log(alice, bob.username))).toEqual(whole);
});

test("[R1] [A5] [S1] connections are cut at any byte: nothing is lost, doubled or out of order", {
  timeout: 120_000,
}, async () => {
  const cutsBefore = clients.proxy.cuts();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12_000 }), async (bytes) => {
      const { alice, bob } = await clients.pair();
      clients.proxy.cutAfter(bytes);
      const [sender, receiver] = [clients.open(alice), clients.open(bob)];
      const taking = take(receiver, 4);
      const sends = numbered(4).map((text) => sender.conversation(bob.username).send(text));
      await Promise.all(sends);
      expect(texts(await taking)).toEqual(numbered(4));
      expect(await shown(sender.conversation(bob.username), 4)).toEqual(numbered(4));
      expect(texts(await clients.log(alice, bob.username))).toEqual(numbered(4));
      await Promise.all([sender.close(), receiver.close()]);
    }),
    { numRuns: 15 },
  );
  expect(clients.proxy.cuts() - cutsBefore).toBeGreaterThanOrEqual(10);
});

test("[A5] [R1] [R5] functions are killed in the middle of sends: each message is stored once", {
  timeout: 60_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  const sender = clients.open(alice);
  const receiver = clients.open(bob);
  await Promise.all([isOnline(sender), isOnline(receiver)]);
  const taking = take(receiver, 20);
  const sent: string[] = [];
  let kills = 0;
  const killOne = () => {
    for (const { arn } of clients.runtime.app.functions) if (clients.runtime.kill(arn)) kills++;
  };
  for (; sent.length < 100 && (kills < 5 || sent.length < 20); sent.push(`text ${sent.length + 1}`)) {
    const sending = sender.conversation(bob.username).send(`text ${sent.length + 1}`);
    // Once for each message, at another moment of its way, so that it comes through in the end.
    setTimeout(killOne, sent.length % 12);
    await sending;
  }
  expect(kills).toBeGreaterThanOrEqual(5);
  expect(texts(await clients.log(alice, bob.username))).toEqual(sent);
  expect(texts(await taking)).toEqual(sent.slice(0, 20));
});

test("[A2] [L1] 500 messages are missed: all come, once and in order, and a list begins with the newest", {
  timeout: 180_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  const storage = memoryStorage();
  const first = clients.open(bob, { storage });
  const sender = clients.open(alice);
  const toBob = sender.conversation(bob.username);
  const taking = take(first, 1);
  await isOnline(first);
  await toBob.send("text 1");
  expect(texts(await taking)).toEqual(["text 1"]);
  await first.close();

  await Promise.all(
    numbered(501)
      .slice(1)
      .map((text) => toBob.send(text)),
  );
  const again = clients.open(bob, { storage });
  // The first was taken, but nothing was asked for after it: it comes again.
  expect(texts(await take(again, 501))).toEqual(numbered(501));
  const withAlice = again.conversation(alice.username);
  await until(withAlice, "change", () => withAlice.isLoaded);
  expect(texts(withAlice.messages)).toEqual(numbered(501).slice(-50));
  expect(again.unread).toBe(501);
  expect(await shown(withAlice, 501)).toEqual(numbered(501));
});

test("[P2] [P4] [A2] two devices and two tabs of one user write at once, and all show the same", async () => {
  const { alice, bob } = await clients.pair();
  const all: { client: Client; peer: string }[] = [
    ...[1, 2, 3, 4].map(() => ({ client: clients.open(alice), peer: bob.username })),
    { client: clients.open(bob), peer: alice.username },
  ];
  await Promise.all(all.map(({ client }) => isOnline(client)));
  const written = all.map((_, i) => numbered(6, `device ${i}`));
  await Promise.all(
    all.flatMap(({ client, peer }, i) => (written[i] ?? []).map((text) => client.conversation(peer).send(text))),
  );
  const log = texts(await clients.log(alice, bob.username));
  expect([...log].sort()).toEqual(written.flat().sort());
  for (const own of written) expect(log.filter((text) => own.includes(text))).toEqual(own);
  for (const { client, peer } of all) expect(await shown(client.conversation(peer), log.length)).toEqual(log);
});

test("[S1] [S2] a laptop sleeps for three hours: it notices, and has what it missed", async () => {
  const { alice, bob } = await clients.pair();
  const { world, sleep } = testWorld({ random: eager });
  const laptop = clients.open(bob, { world });
  const fromAlice = laptop.conversation(alice.username);
  await Promise.all([isOnline(laptop), until(fromAlice, "change", () => fromAlice.isLoaded)]);
  const statuses: string[] = [];
  laptop.on("status", (status) => statuses.push(status));
  clients.proxy.goSilent();
  for (const text of numbered(3)) await alice.send(bob.username, { text });
  expect(fromAlice.messages).toEqual([]);
  sleep(3 * 60 * 60_000);
  expect(await whileTimePasses(sleep, shown(fromAlice, 3))).toEqual(numbered(3));
  // Its clock is three hours ahead now: what it writes is stored all the same.
  await fromAlice.send("awake");
  expect(texts(await clients.log(alice, bob.username))).toEqual([...numbered(3), "awake"]);
});

test("[S1] a socket that is dead without a word is noticed by the heartbeat, and replaced", async () => {
  const { alice, bob } = await clients.pair();
  const { world, sleep } = testWorld({ random: eager });
  const client = clients.open(bob, { world });
  const taking = take(client, 2);
  await isOnline(client);
  clients.proxy.goSilent();
  for (const text of numbered(2)) await alice.send(bob.username, { text });
  const offline = until(client, "status", () => client.status !== "online");
  // In steps that are not taken for sleep: the heartbeat, and then the answer that does not come.
  for (let minutes = 0; minutes < 9; minutes++) {
    sleep(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await offline;
  expect(texts(await whileTimePasses(sleep, taking))).toEqual(numbered(2));
});

test("[S5] [C3] tokens of a few seconds: the next socket is open before the present one ends, and nothing is lost or doubled", {
  timeout: 60_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  let tokens = 0;
  let sockets = 0;
  class Counted extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets++;
    }
  }
  const client = clients.open(bob, {
    token: () => {
      tokens++;
      return clients.shortToken(bob.username, 8);
    },
    WebSocket: Counted,
  });
  const sender = clients.open(alice);
  await Promise.all([isOnline(client), isOnline(sender)]);
  const statuses: string[] = [];
  client.on("status", (status) => statuses.push(status));
  const count = 60;
  const taking = take(client, count);
  for (const text of numbered(count)) {
    await sender.conversation(bob.username).send(text);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(texts(await taking)).toEqual(numbered(count));
  expect(statuses).toEqual([]);
  expect(sockets).toBeGreaterThanOrEqual(3);
  expect(tokens).toBeGreaterThanOrEqual(2);
});
