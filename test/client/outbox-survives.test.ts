import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileStorage } from "../../client/node.ts";
import { isOnline, startClients, texts, until } from "./clients.ts";

const directory = mkdtempSync(join(tmpdir(), "duet-outbox-"));
let clients: Awaited<ReturnType<typeof startClients>>;
beforeAll(async () => {
  clients = await startClients();
});
afterAll(async () => {
  await clients?.close();
  rmSync(directory, { recursive: true });
});

/** A process that sends; it ends when it is killed. */
function startSender(user: { username: string; token: string }, peer: string, sent: string[]): ChildProcess {
  const script = fileURLToPath(new URL("outbox-process.ts", import.meta.url));
  const parts = [script, clients.proxy.url, user.username, user.token, directory, peer, ...sent];
  return spawn(process.execPath, ["--import", "tsx", ...parts], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Resolves when the process has said the word so many times. */
async function said(sender: ChildProcess, word: string, times: number): Promise<void> {
  let output = "";
  for await (const chunk of sender.stdout ?? []) {
    output += chunk;
    if (output.split(`${word}\n`).length > times) return;
  }
  throw new Error(`The process ended after it had said ${JSON.stringify(output)}`);
}

async function kill(sender: ChildProcess): Promise<void> {
  const ended = once(sender, "exit");
  sender.kill("SIGKILL");
  await ended;
}

test("[R1] what was kept when the process is killed is sent by the next one, once and in order, before what that one adds", async () => {
  const { alice, bob } = await clients.pair();
  await clients.proxy.stop();
  const sender = startSender(alice, bob.username, ["one", "two", "three"]);
  await said(sender, "kept", 3);
  await kill(sender);

  const next = clients.open(alice, { storage: fileStorage({ directory }), username: alice.username });
  await expect.poll(() => next.unsent).toBe(3);
  await clients.proxy.start();
  const withBob = next.conversation(bob.username);
  await withBob.send("four");
  expect(texts(await clients.log(alice, bob.username))).toEqual(["one", "two", "three", "four"]);
  await until(withBob, "change", () => withBob.messages.length === 4);
  expect(withBob.messages.map(({ state }) => state)).toEqual(["sent", "sent", "sent", "sent"]);
  await expect.poll(() => next.unsent).toBe(0);
  await next.close();
});

test("[R1] [A5] a process is killed in the middle of sending: the next one repeats what it cannot know of, and nothing is doubled", async () => {
  const { alice, bob } = await clients.pair();
  const all = Array.from({ length: 30 }, (_, i) => `text ${i + 1}`);
  const sender = startSender(alice, bob.username, all);
  await said(sender, "stored", 5);
  await kill(sender);
  const next = clients.open(alice, { storage: fileStorage({ directory }) });
  await isOnline(next);
  await next.conversation(bob.username).send("after");
  const log = texts(await clients.log(alice, bob.username));
  expect(log.length).toBeGreaterThan(6);
  expect(log).toEqual([...all.slice(0, log.length - 1), "after"]);
});

test("[R1] a client that is closed while the server is away leaves what it has to the next, and says so to who waits", async () => {
  const { alice, bob } = await clients.pair();
  const storage = fileStorage({ directory });
  const first = clients.open(alice, { storage });
  await isOnline(first);
  await clients.proxy.stop();
  const sending = first.conversation(bob.username).send("in time");
  await until(first, "status", () => first.status !== "online");
  await first.close();
  await expect(sending).rejects.toMatchObject({ code: "closed" });
  await clients.proxy.start();
  const next = clients.open(alice, { storage });
  const withBob = next.conversation(bob.username);
  await until(withBob, "change", () => withBob.messages.some(({ state }) => state === "sent"));
  expect(texts(await clients.log(alice, bob.username))).toEqual(["in time"]);
});
