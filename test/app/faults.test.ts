import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { v7 } from "uuid";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { startDuet } from "../../bin/run-duet.ts";
import { Outbox, type OutboxEntry } from "../../client/outbox.ts";
import { Rows } from "../../client/rows.ts";
import { ServerClock } from "../../client/server-clock.ts";
import { Timeline } from "../../client/timeline.ts";
import type { Message, Row } from "../../functions/protocol/wire.ts";
import { requestTokens } from "../../local/identity/request-tokens.ts";
import type { Runtime } from "../../local/runtime.ts";
import { freePort } from "./process.ts";

const USERS = 20;
const DEVICES = 2;
const MESSAGES = 5_000;
/** Sends under way. */
const AT_ONCE = 8;
const KILL_EVERY_MS = 3_000;
const CUT_EVERY_MS = 1_000;

/** What fails by itself, beside what the test kills and cuts. */
const CHAOS = {
  dropDisconnect: 0.5,
  failPost: 0.05,
  losePost: 0.05,
  delayPost: { share: 0.05, msMax: 1_000 },
  reorderFrame: { share: 0.1, msMax: 300 },
};

/** A device on the real system: the client's timeline, rows and outbox, on fetch and ws. */
function device(baseUrl: string, username: string, token: string) {
  const rows = new Rows({ username: () => username, profile: () => undefined });
  const timelines = new Map<string, Timeline>();
  const timeline = (peer: string) => {
    const there = timelines.get(peer) ?? new Timeline({ after: 0 });
    timelines.set(peer, there);
    return there;
  };
  const acknowledged: Message[] = [];
  const kept = new Map<number, OutboxEntry>();
  const take = ({ id, seq, sender, recipient, text, createdAt }: Message) => {
    const message = { id, seq, sender, recipient, text, createdAt };
    rows.message(message);
    timeline(sender === username ? recipient : sender).add([message]);
  };
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${baseUrl}/api/conversations/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
  const outbox = new Outbox({
    clock: new ServerClock(Date.now),
    random: Math.random,
    newId: (ms) => v7({ msecs: ms }),
    wait: (ms) => delay(Math.min(ms, 1000)),
    store: {
      load: async () => [...kept.values()],
      put: async (entry) => void kept.set(entry.order, entry),
      remove: async (order) => void kept.delete(order),
    },
    async post({ id, peer, text }) {
      const response = await call(`${peer}/messages`, { method: "POST", body: JSON.stringify({ id, text }) });
      return { status: response.status, body: await response.json() };
    },
    onStored: (message) => {
      acknowledged.push(message);
      take(message);
    },
    onRefused: (entry) => expect.fail(`refused: ${JSON.stringify(entry)}`),
  });
  let socket: WebSocket | undefined;
  let isClosed = false;
  let opened = 0;
  let synced = () => {};
  const open = () => {
    if (isClosed) return;
    opened++;
    const mine = new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, ["duet.v1", `bearer.${token}`]);
    socket = mine;
    mine.on("open", () => mine.send('{"action":"sync"}'));
    mine.on("error", () => undefined);
    mine.on("close", () => void delay(100 + Math.random() * 400).then(open));
    mine.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      if (frame.type === "message") take(frame);
      else if (frame.type === "synced") {
        for (const row of frame.rows as Row[]) {
          rows.merge(row);
          timeline(row.peer).reach(row.lastSeq);
        }
        synced();
      } else mine.send('{"action":"sync"}');
    });
  };
  open();
  return {
    username,
    rows,
    timeline,
    outbox,
    acknowledged,
    opened: () => opened,
    cut: () => socket?.terminate(),
    /** A new socket, its sync, and all that is missing. */
    async catchUp() {
      const done = new Promise<void>((resolve) => {
        synced = resolve;
      });
      socket?.terminate();
      await done;
      for (const { peer } of rows.all())
        for (let missing = timeline(peer).missing; missing !== undefined; missing = timeline(peer).missing) {
          const after = "after" in missing ? missing.after : 0;
          const response = await call(`${peer}/messages?after=${after}&limit=100`);
          if (response.ok) timeline(peer).add(((await response.json()) as { messages: Message[] }).messages);
        }
    },
    log: async (peer: string) => {
      const messages: Message[] = [];
      for (;;) {
        const response = await call(`${peer}/messages?after=${messages.length}&limit=100`);
        const page = ((await response.json()) as { messages: Message[] }).messages;
        if (page.length === 0) return messages;
        messages.push(...page);
      }
    },
    close() {
      isClosed = true;
      outbox.stop();
      socket?.terminate();
    },
  };
}

test(`[A2] [A5] [R1] [R5] [S1] ${MESSAGES} messages are kept, once and in order, on every device, while functions are killed, sockets cut, posts fail and the system is started again`, {
  timeout: 900_000,
}, async () => {
  const port = await freePort();
  const dataDirectory = mkdtempSync(join(tmpdir(), "duet-faults-"));
  const start = () =>
    startDuet({
      port,
      dataDirectory,
      dynamoDb: "java",
      limits: false,
      chaos: CHAOS,
      context: {},
      log: () => undefined,
      onStorageLost: (error) => {
        throw error;
      },
    });
  let runtime: Runtime | undefined = await start();
  const { baseUrl } = runtime;
  const names = Array.from({ length: USERS }, (_, i) => `user${i}`);
  const tokens = await requestTokens({ baseUrl, usernames: names });
  for (const token of tokens)
    await fetch(`${baseUrl}/api/conversations`, { headers: { authorization: `Bearer ${token}` } });
  const devices = names.flatMap((name, i) =>
    Array.from({ length: DEVICES }, () => device(baseUrl, name, tokens[i] ?? "")),
  );
  const pick = <T>(items: T[]): T => items[Math.floor(Math.random() * items.length)] as T;
  let kills = 0;
  let cuts = 0;
  const killing = setInterval(() => {
    if (runtime !== undefined && runtime.app.functions.length > 0)
      for (const { arn } of runtime.app.functions) if (runtime.kill(arn)) kills++;
  }, KILL_EVERY_MS);
  const cutting = setInterval(() => {
    cuts++;
    pick(devices).cut();
  }, CUT_EVERY_MS);
  try {
    const acknowledged = () => devices.reduce((sum, each) => sum + each.acknowledged.length, 0);
    let isRestarted = false;
    let text = 0;
    while (acknowledged() < MESSAGES) {
      for (
        let waiting = devices.reduce((sum, each) => sum + each.outbox.entries.length, 0);
        waiting < AT_ONCE && text < MESSAGES;
        waiting++
      ) {
        const each = pick(devices);
        const index = names.indexOf(each.username);
        // A few peers each, so that conversations are long and both write.
        const peer = names[(index + pick([1, 2, 3, USERS - 1, USERS - 2, USERS - 3])) % USERS] ?? "";
        void each.outbox.add({ peer, text: `text ${++text}` });
      }
      if (!isRestarted && acknowledged() > MESSAGES / 2) {
        isRestarted = true;
        const ending = runtime;
        runtime = undefined;
        await ending?.close();
        runtime = await start();
      }
      await delay(20);
    }
    clearInterval(killing);
    clearInterval(cutting);
    await Promise.all(devices.map((each) => each.catchUp()));

    expect(isRestarted).toBe(true);
    expect(kills).toBeGreaterThan(20);
    expect(cuts).toBeGreaterThan(20);
    for (const fault of Object.keys(CHAOS)) expect(runtime?.faults()[fault], fault).toBeGreaterThan(20);
    const logs = new Map<string, Message[]>();
    for (const each of devices)
      for (const { peer, lastSeq, unread, readSeq } of each.rows.all()) {
        const key = [each.username, peer].sort().join("#");
        const log = logs.get(key) ?? (await each.log(peer));
        logs.set(key, log);
        expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
        expect(each.timeline(peer).messages).toEqual(log);
        expect([lastSeq, unread]).toEqual([log.length, log.length - readSeq]);
      }
    const stored = [...logs.values()].flat();
    expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
    expect(new Set(stored.map((message) => message.text)).size).toBe(stored.length);
    expect(stored).toHaveLength(MESSAGES);
    const byId = new Map(stored.map((message) => [message.id, message]));
    for (const message of devices.flatMap((each) => each.acknowledged)) expect(byId.get(message.id)).toEqual(message);
    process.stdout.write(
      `${stored.length} messages, ${kills} functions killed, ${cuts} sockets cut, ${devices.reduce((sum, each) => sum + each.opened(), 0)} opened\n`,
    );
  } finally {
    clearInterval(killing);
    clearInterval(cutting);
    for (const each of devices) each.close();
    await runtime?.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
