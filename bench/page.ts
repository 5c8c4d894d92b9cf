/**
 * Measures the chat page in Chromium: how soon it can be used, how soon what is typed is shown, how a very long
 * conversation scrolls, and what a message costs in a very long list. `node --import tsx bench/page.ts --help`
 */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { conversationKey } from "../functions/domain/conversation.ts";
import { createDocumentClient } from "../functions/store/dynamodb.ts";
import { messagesTable } from "../functions/store/messages.ts";
import type { Runtime } from "../local/runtime.ts";
import { startSystem } from "../test/app/system.ts";
import { type Person, startPeople } from "../test/browser/people.ts";
import { localDynamoDb } from "../test/storage.ts";
import { command, whole } from "./options.ts";
import { quantiles } from "./quantiles.ts";

const HELP = `npm run bench:page -- [options]

Measures the chat page in Chromium, on the local system with storage in memory.

  --messages N   in the long conversation (default 10000)
  --typed N      messages that are typed (default 40)
  --conversations N  in the long list (default 1000)
  --help
`;

/** Peers that write at a time, while the list is made. */
const AT_ONCE = 8;
/** Messages that come, while the page's time is taken. */
const COMING = 40;

await command(
  HELP,
  {
    messages: { type: "string", default: "10000" },
    typed: { type: "string", default: "40" },
    conversations: { type: "string", default: "1000" },
  },
  (values) =>
    measure({
      messages: whole(values, "messages", { min: 100, max: 100_000 }),
      typed: whole(values, "typed", { min: 1, max: 1_000 }),
      conversations: whole(values, "conversations", { min: 1, max: 10_000 }),
    }),
);

interface Sizes {
  messages: number;
  typed: number;
  conversations: number;
}

async function measure({ messages, typed, conversations }: Sizes): Promise<void> {
  const system = await startSystem({ dynamoDb: "auto", limits: false });
  const people = await startPeople(() => system.runtime.baseUrl);
  try {
    await people.createUsers("ann", "ben");
    await writeLog(system.runtime, messages - 1);
    // The last one comes the usual way, and brings the rows along.
    await (await system.user("ben")).send("ann", { text: "the last one" });
    const ann = await people.person("ann");
    // The compiler that runs this file gives functions their names by it, in the page too.
    await ann.context.addInitScript("globalThis.__name = (named) => named");
    await ann.signIn("/c/ben");
    await ann.messages("the last one").waitFor();

    const loads: number[] = [];
    for (let load = 0; load < 7; load++) loads.push(await firstLoadMs(ann));
    report("first load to a conversation that can be used, nothing cached", loads, "ms");

    await readAll(ann.page, messages);
    const scrolled = await scroll(ann.page);
    report(`typed to shown, with ${messages} messages loaded`, await typedToShownMs(ann.page, typed), "ms");
    print("scrolling through all of them, frames a second", `${scrolled.meanFps.toFixed(1)} on average`);
    print("  the worst second", `${scrolled.worstFps} frames; ${scrolled.frames} frames in all`);
    print("  between two frames", `p99 ${scrolled.p99Ms.toFixed(1)}, max ${scrolled.maxMs.toFixed(1)} ms`);
    const memory = await memoryMb(ann.page);
    print("JavaScript heap after that, collected", `${memory.heap.toFixed(1)} MB; ${memory.nodes} DOM nodes`);
    print("  the page's whole process, its own memory", `${(await processMb(ann)).toFixed(1)} MB`);
    await people.leave();
    await measureList(system, people, conversations);
  } finally {
    await people.close();
    await system.close();
  }
}

type System = Awaited<ReturnType<typeof startSystem>>;
type People = Awaited<ReturnType<typeof startPeople>>;

async function measureList(system: System, people: People, conversations: number): Promise<void> {
  await people.createUsers("popular");
  const peers: Awaited<ReturnType<System["user"]>>[] = [];
  for (let begun = 0; begun < conversations; begun += AT_ONCE) {
    const count = Math.min(AT_ONCE, conversations - begun);
    const more = await Promise.all(Array.from({ length: count }, (_, index) => system.user(`peer${begun + index}`)));
    await Promise.all(more.map((peer) => peer.send("popular", { text: "hello" })));
    peers.push(...more);
  }
  const popular = await people.person("popular");
  await popular.signIn("/c/peer0");
  const isListed = (unread: number) =>
    popular.page.waitForFunction((count) => document.title === `(${count}) Duet`, unread);
  // The conversation that is shown is read.
  await isListed(conversations - 1);
  const loads: number[] = [];
  for (let load = 0; load < 5; load++) {
    await popular.page.reload({ waitUntil: "commit" });
    await isListed(conversations - 1);
    loads.push(await popular.page.evaluate(() => performance.now()));
  }
  report(`load until all of ${conversations} conversations are there`, loads, "ms");
  const devtools = await popular.context.newCDPSession(popular.page);
  await devtools.send("Performance.enable");
  // Without the painting, which here is done by the processor, and again for each frame in which the page is asked.
  const parts = ["ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];
  const busyMs = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return 1000 * metrics.reduce((sum, { name, value }) => (parts.includes(name) ? sum + value : sum), 0);
  };
  const beforeMs = await busyMs();
  for (let coming = 1; coming <= COMING; coming++) {
    await peers[(coming * 37) % peers.length]?.send("popular", { text: `number ${coming} again` });
    await popular.page.waitForFunction(
      (text) => document.querySelector(".row .preview")?.textContent === text,
      `number ${coming} again`,
    );
  }
  const eachMs = ((await busyMs()) - beforeMs) / COMING;
  print("  script, style and layout for each message that comes", `${eachMs.toFixed(1)} ms`);
}

/** Straight into the table, many at a time: what is measured is the page. */
async function writeLog({ app, storageEndpoint }: Runtime, count: number): Promise<void> {
  const tableName = app.tables.find(({ path }) => path.includes("/Messages/"))?.tableName ?? "";
  const log = messagesTable({ client: createDocumentClient(localDynamoDb(storageEndpoint)), tableName });
  const conversation = conversationKey(["ann", "ben"]);
  const startMs = Date.now() - count * 60_000;
  const write = async (seq: number) => {
    const isAnn = seq % 3 === 0;
    const [sender, recipient] = isAnn ? ["ann", "ben"] : ["ben", "ann"];
    const createdAt = new Date(startMs + seq * 60_000).toISOString();
    const id = `${(startMs + seq * 60_000)
      .toString(16)
      .padStart(12, "0")
      .replace(/^(.{8})(.{4})$/, "$1-$2")}-7000-8000-${String(seq).padStart(12, "0")}`;
    const text = `message ${seq} ${"some words ".repeat(seq % 17)}`.trim();
    const message = { id, seq, sender, recipient, text, createdAt };
    await log.append(conversation, { message, newestId: id, bursts: { sender: { startedAtMs: 0, messages: 0 } } });
  };
  for (let seq = 1; seq <= count; seq += 25)
    await Promise.all(Array.from({ length: Math.min(25, count - seq + 1) }, (_, index) => write(seq + index)));
}

/** From the request for the page to the frame that shows the conversation, online, with its composer. */
async function firstLoadMs({ page, context }: Person): Promise<number> {
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.reload({ waitUntil: "commit" });
  await page.locator("li.message", { hasText: "the last one" }).waitFor();
  const ms = await page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        requestAnimationFrame(() => {
          const isUsable = document.querySelector(".composer textarea:not(:disabled)") !== null;
          resolve(isUsable ? performance.now() : Number.NaN);
        }),
      ),
  );
  await devtools.detach();
  return ms;
}

/** Scrolls up until all of the log has been loaded. */
async function readAll(page: Page, messages: number): Promise<void> {
  for (let step = 0; step < messages; step++) {
    const isAll = await page.evaluate(async () => {
      const log = document.querySelector<HTMLElement>(".log");
      if (log === null) throw new Error("there is no log");
      log.scrollTop = 0;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return document.querySelector('li.message[data-seq="1"]') !== null;
    });
    if (isAll) return;
  }
  throw new Error(`the first of ${messages} messages was not reached`);
}

/** Down through everything that is loaded, 80 px a frame, as fast as frames come. */
function scroll(page: Page) {
  return page.evaluate(async () => {
    const log = document.querySelector<HTMLElement>(".log");
    if (log === null) throw new Error("there is no log");
    const times: number[] = [];
    const begunAtMs = performance.now();
    await new Promise<void>((resolve) => {
      const onFrame = (nowMs: number) => {
        times.push(nowMs);
        log.scrollTop += 80;
        const isDone =
          document.querySelector(".to-latest") === null && log.scrollHeight - log.clientHeight - log.scrollTop < 20;
        if (isDone || performance.now() - begunAtMs > 120_000) resolve();
        else requestAnimationFrame(onFrame);
      };
      requestAnimationFrame(onFrame);
    });
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const sorted = [...gaps].sort((a, b) => a - b);
    const seconds = new Map<number, number>();
    for (const time of times) {
      const second = Math.floor((time - (times[0] ?? 0)) / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    // The last second is not a whole one.
    const whole = [...seconds.values()].slice(0, -1);
    return {
      frames: times.length,
      meanFps: (1000 * gaps.length) / ((times.at(-1) ?? 0) - (times[0] ?? 0)),
      worstFps: Math.min(...whole),
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
    };
  });
}

/** From the key event to the frame after the bubble is there. */
async function typedToShownMs(page: Page, count: number): Promise<number[]> {
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(globalThis, { times });
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter") return;
        const last = () => [...document.querySelectorAll<HTMLElement>("li.message.own")].at(-1)?.dataset.key;
        const before = last();
        const observer = new MutationObserver(() => {
          if (last() === before) return;
          observer.disconnect();
          requestAnimationFrame(() => times.push(performance.now() - event.timeStamp));
        });
        observer.observe(document.body, { childList: true, subtree: true });
      },
      { capture: true },
    );
  });
  const box = page.getByRole("textbox", { name: "Message" });
  for (let number = 1; number <= count; number++) {
    await box.pressSequentially(`n${number}`);
    await box.press("Enter");
    await page.waitForFunction((n) => (globalThis as unknown as { times: number[] }).times.length === n, number);
  }
  return page.evaluate(() => (globalThis as unknown as { times: number[] }).times);
}

async function memoryMb(page: Page): Promise<{ heap: number; nodes: number }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("Performance.enable");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const metric = (name: string) => metrics.find((each) => each.name === name)?.value ?? Number.NaN;
  return { heap: metric("JSHeapUsedSize") / 1e6, nodes: metric("Nodes") };
}

/** Of the largest process that shows a page: what it shares with no other. */
async function processMb({ context }: Person): Promise<number> {
  const devtools = await context.browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await devtools?.send("SystemInfo.getProcessInfo")) ?? {};
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const sizes = renderers.map(({ id }) => {
    const lines = readFileSync(`/proc/${id}/smaps_rollup`, "utf8").matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm);
    return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1000;
  });
  return Math.max(...sizes);
}

function report(what: string, values: number[], unit: string): void {
  const { p50, max, count } = quantiles(values);
  print(what, `p50 ${p50.toFixed(1)}, max ${max.toFixed(1)} ${unit} of ${count}`);
}

function print(what: string, result: string): void {
  process.stdout.write(`${what.padEnd(64)} ${result}\n`);
}
