import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { run } from "../app/process.ts";
import { startClients } from "../client/clients.ts";

let clients: Awaited<ReturnType<typeof startClients>>;
const state = mkdtempSync(join(tmpdir(), "duet-chat-"));
const started: ReturnType<typeof run>[] = [];
beforeAll(async () => {
  clients = await startClients();
});
afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
});
afterAll(async () => {
  await clients?.close();
  rmSync(state, { recursive: true });
});

/** The terminal client of a user, as a process, by a network that can be made to fail. */
function chat(username: string, ...options: string[]) {
  // Of an option that is given twice, the last counts.
  const args = ["--import", "tsx", "terminal/chat.ts", username, "--url", clients.proxy.url];
  const command = run(process.execPath, [...args, "--state", join(state, username), ...options]);
  started.push(command);
  const say = (line: string | object) =>
    command.child.stdin?.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  const events = () =>
    command
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      // The last line may still be coming.
      .flatMap((line) => (line.endsWith("}") ? [JSON.parse(line)] : []));
  return { ...command, say, events, of: (type: string) => events().filter((event) => event.type === type) };
}

const texts = (messages: { text: string }[]) => messages.map(({ text }) => text);

test("[A5] [R1] [S1] a script loses and doubles nothing while the server is away, the socket is cut and it is killed", {
  timeout: 120_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  const receiver = chat(bob.username, "--json");
  let sender = chat(alice.username, "--json");
  await sender.printed(/"status":"online"/);
  await receiver.printed(/"status":"online"/);
  const all = Array.from({ length: 60 }, (_, i) => `text ${i}`);
  const send = (part: string[]) => {
    for (const text of part) sender.say({ action: "send", peer: bob.username, text, tag: text });
  };

  send(all.slice(0, 20));
  await sender.printed(/"tag":"text 3"/);
  await clients.proxy.stop();
  send(all.slice(20, 40));
  await sender.printed(/"status":"offline"/);
  await clients.proxy.start();
  await sender.printed(/"tag":"text 39"/);
  clients.proxy.cut();
  send(all.slice(40));
  await sender.printed(/"tag":"text 45"/);
  // What it has taken and not yet sent, its next start sends.
  await expect.poll(() => sender.of("sent").length).toBeGreaterThan(45);
  sender.child.kill("SIGKILL");
  await sender.exited;
  sender = chat(alice.username, "--json");

  await receiver.printed(/"text":"text 59"/);
  expect(texts(await clients.log(bob, alice.username))).toEqual(all);
  expect(texts(receiver.of("message"))).toEqual(all);
});

test("a script is told what was missed, who has read, what failed, and what is no command", {
  timeout: 60_000,
}, async () => {
  const { alice, bob } = await clients.pair();
  await alice.send(bob.username, { text: "while bob was away" });
  const script = chat(bob.username, "--json");
  await script.printed(/"text":"while bob was away"/);
  script.say({ action: "read", peer: alice.username });
  await expect.poll(async () => (await alice.conversations()).body.conversations[0].peerReadSeq).toBe(1);

  script.say({ action: "send", peer: "nobody-here", text: "hi", tag: 7 });
  await script.printed(/"type":"failed".*"code":"unknown_user".*"tag":7/);
  script.say({ action: "send", peer: alice.username, text: "hi", tag: 8 });
  await script.printed(/"type":"sent".*"seq":2.*"tag":8/);
  await alice.call("PUT", `/api/conversations/${bob.username}/read`, { body: '{"seq":2}' });
  await script.printed(new RegExp(`"type":"read","peer":"${alice.username}","seq":2`));
  script.say("nonsense");
  await script.printed(/"type":"error","line":"nonsense","code":"invalid_command"/);
  script.say({ action: "dance" });
  await script.printed(/"line":"\{\\"action\\":\\"dance\\"\}","code":"invalid_command"/);
  script.say({ action: "list" });
  await script.printed(/"type":"conversations".*"unread":0/);
  script.say({ action: "quit" });
  expect(await script.exited).toBe(0);
});

test("two people talk, and see what was stored and what was read", { timeout: 60_000 }, async () => {
  const { alice, bob } = await clients.pair();
  const a = chat(alice.username, "--to", bob.username);
  await a.printed(/\(online\)/);
  a.say("hi bob");
  await a.printed(/1 \d\d:\d\d alice\d+: hi bob ✓$/m);
  const b = chat(bob.username);
  await b.printed(new RegExp(`\\[${alice.username}\\] hi bob {3}\\(1 unread`));
  b.say("/list");
  await b.printed(new RegExp(`^ {2}${alice.username} \\(1 unread\\): hi bob`, "m"));
  b.say("to whom");
  await b.printed(/To whom\?/);
  b.say(`/to ${alice.username}`);
  await b.printed(/1 \d\d:\d\d alice\d+: hi bob$/m);
  await a.printed(new RegExp(`✓✓ ${bob.username} has read up to 1`));
  b.say("hi alice");
  await a.printed(/2 \d\d:\d\d bob\d+: hi alice$/m);
  b.say("/block");
  await b.printed(/\(blocked\)/);
  a.say("still there?");
  await a.printed(/\(not sent: .*takes no messages from you\.\)/);
  b.say("/dance");
  await b.printed(/There is no \/dance\./);
  const ended = once(b.child, "exit");
  b.say("/quit");
  expect((await ended)[0]).toBe(0);
});

test("[Q1] who writes too much at once is told when the rest is sent, and it is", { timeout: 60_000 }, async () => {
  const strict = await startClients({ limits: true });
  try {
    const { alice, bob } = await strict.pair();
    const a = chat(alice.username, "--to", bob.username, "--url", strict.proxy.url);
    await a.printed(/\(online\)/);
    for (let number = 1; number <= 21; number++) a.say(`line ${number}`);
    await a.printed(/^\(too_many_messages: what waits is sent in \d+ s\)$/m);
    await a.printed(/^ {2}21 .*: line 21 ✓$/m);
  } finally {
    await strict.close();
  }
});

test.each([
  [[], /One name signs in; got 0/],
  [["a", "b"], /One name signs in; got 2/],
  [["--jsn"], /'--jsn'/],
])("says what is wrong with %j", async (args, message) => {
  const command = run(process.execPath, ["--import", "tsx", "terminal/chat.ts", ...args]);
  expect(await command.exited).toBe(1);
  expect(command.output()).toMatch(message);
});
