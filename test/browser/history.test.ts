import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startSystem } from "../app/system.ts";
import { type Person, startPeople } from "./people.ts";

// Two people in a browser take seconds on a quiet machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

const MESSAGES = 500;
const text = (number: number) => `message ${number} ${"word ".repeat(number % 23)}`.trim();

let system: Awaited<ReturnType<typeof startSystem>>;
let people: Awaited<ReturnType<typeof startPeople>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "auto", limits: false });
  people = await startPeople(() => system.runtime.baseUrl);
  const [ann, ben] = [await system.user("ann"), await system.user("ben")];
  await ann.call("GET", "/api/me");
  await ben.call("GET", "/api/me");
  for (let number = 1; number <= MESSAGES; number++)
    await (number % 3 === 0 ? ann.send("ben", { text: text(number) }) : ben.send("ann", { text: text(number) }));
});
afterEach(async () => {
  await people.leave();
});
afterAll(async () => {
  await people?.close();
  await system?.close();
});

async function reader(): Promise<Person> {
  const ann = await people.person("ann");
  await ann.signIn("/c/ben");
  await ann.messages(text(MESSAGES)).waitFor();
  return ann;
}

const log = (person: Person) => person.page.getByRole("log");
const scrollTo = (person: Person, top: number) =>
  log(person).evaluate((element, to) => {
    element.scrollTop = to;
  }, top);
/** Waits until the log stands at its end. */
const atEnd = (person: Person) =>
  person.page.waitForFunction(() => {
    const element = document.querySelector(".log");
    return element !== null && element.scrollHeight - element.clientHeight - element.scrollTop <= 15;
  });

/** The first row that can be seen, and where it is. */
const firstSeen = (person: Person) =>
  log(person).evaluate((element) => {
    const edge = element.getBoundingClientRect().top;
    const row = [...element.querySelectorAll<HTMLElement>("li.message")].find(
      (each) => each.getBoundingClientRect().bottom > edge,
    );
    return { seq: row?.dataset.seq ?? "", top: (row?.getBoundingClientRect().top ?? 0) - edge };
  });
const topOf = (person: Person, seq: string) =>
  log(person).evaluate((element, wanted) => {
    const row = element.querySelector(`li[data-seq="${wanted}"]`);
    return row === null ? undefined : row.getBoundingClientRect().top - element.getBoundingClientRect().top;
  }, seq);

test(`a history of ${MESSAGES} messages is reached by scrolling up, in order and without a gap, a few rows at a time`, async () => {
  const ann = await reader();
  await atEnd(ann);
  const seen = new Set<number>();
  let rowsMax = 0;
  for (let step = 0; !seen.has(1) && step < 200; step++) {
    const seqs = await log(ann).evaluate((element) =>
      [...element.querySelectorAll<HTMLElement>("li.message")].map(({ dataset }) => Number(dataset.seq)),
    );
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
    for (const seq of seqs) seen.add(seq);
    rowsMax = Math.max(rowsMax, seqs.length);
    if (seen.has(1)) break;
    const first = seqs[0] ?? 0;
    await scrollTo(ann, 0);
    // What comes next is there when the first row is an earlier one.
    await ann.page.waitForFunction(
      (before) => Number(document.querySelector<HTMLElement>("li.message")?.dataset.seq) < before,
      first,
    );
  }
  expect(seen.size).toBe(MESSAGES);
  expect(rowsMax).toBeLessThanOrEqual(300);
  await ann.page.getByText("The conversation begins here").waitFor();
  await ann.page.getByRole("button", { name: "Jump to the latest message" }).click();
  await ann.messages(text(MESSAGES)).waitFor();
  await atEnd(ann);
});

test("what is read stays where it is while earlier messages are put before it", async () => {
  const ann = await reader();
  for (let page = 0; page < 4; page++) {
    // At once, before the page has heard of it.
    const { seq, top, first } = await log(ann).evaluate((element) => {
      element.scrollTop = 0;
      const row = element.querySelector<HTMLElement>("li.message");
      const topPx = (row?.getBoundingClientRect().top ?? 0) - element.getBoundingClientRect().top;
      return { seq: row?.dataset.seq ?? "", top: topPx, first: Number(row?.dataset.seq) };
    });
    await ann.page.waitForFunction(
      (before) => Number(document.querySelector<HTMLElement>("li.message")?.dataset.seq) < before,
      first,
    );
    expect(Math.abs(((await topOf(ann, seq)) ?? Number.NaN) - top)).toBeLessThanOrEqual(1);
  }
});

test("what comes while one reads above does not move the page, and is counted; one's own message leads to the end", async () => {
  const ann = await reader();
  await log(ann).evaluate((element) => {
    element.scrollTop = element.scrollHeight / 2;
  });
  await ann.page.getByRole("button", { name: "Jump to the latest message" }).waitFor();
  const { seq, top } = await firstSeen(ann);
  const ben = await system.user("ben");
  await ben.send("ann", { text: "something new" });
  await ann.page.locator(".to-latest .dot", { hasText: "1" }).waitFor();
  expect(Math.abs(((await topOf(ann, seq)) ?? Number.NaN) - top)).toBeLessThanOrEqual(1);
  // Nobody has seen it: it is not read.
  await ann.row("ben").locator(".dot", { hasText: "1" }).waitFor();
  await ann.say("my own");
  await atEnd(ann);
  await ann.row("ben").locator(".dot").waitFor({ state: "detached" });
});

test("whoever has just scrolled up is not taken back by what comes before the page has heard of it", async () => {
  const ann = await people.person("ann");
  await ann.context.addInitScript(() => {
    const sockets: WebSocket[] = [];
    const Original = WebSocket;
    class Kept extends Original {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        sockets.push(this);
      }
    }
    Object.assign(globalThis, { WebSocket: Kept, sockets });
  });
  await ann.signIn("/c/ben");
  await ann.messages(text(MESSAGES)).waitFor();
  await atEnd(ann);
  const seq = Number(await ann.messages().last().getAttribute("data-seq")) + 1;
  const { body } = await (await system.user("ben")).messages("ann", `?after=${seq - 2}`);
  const frame = { ...body.messages[0], type: "message", seq, text: "pushed", senderName: "ben", senderAvatar: null };
  // The page is told of the scrolling with the next frame; the push is there before.
  await log(ann).evaluate((element, pushed) => {
    element.scrollTop = 0;
    const { sockets } = globalThis as unknown as { sockets: WebSocket[] };
    for (const socket of sockets) socket.dispatchEvent(new MessageEvent("message", { data: pushed }));
  }, JSON.stringify(frame));
  await ann.page.getByRole("button", { name: "Jump to the latest message" }).waitFor();
  expect(await log(ann).evaluate((each) => each.scrollHeight - each.clientHeight - each.scrollTop)).toBeGreaterThan(
    500,
  );
});

test("at the end, what comes is followed", async () => {
  const ann = await reader();
  const ben = await system.user("ben");
  for (let number = 1; number <= 5; number++) await ben.send("ann", { text: `followed ${number}` });
  await ann.messages("followed 5").waitFor();
  await atEnd(ann);
});

test("earlier messages that cannot be loaded say so, and come when asked again", async () => {
  const ann = await reader();
  await ann.page.route("**/messages?before=*", (route) => route.abort());
  for (let step = 0; step < 3; step++) await scrollTo(ann, 0);
  await ann.page.getByText("Earlier messages could not be loaded.").waitFor();
  await ann.page.unroute("**/messages?before=*");
  const first = await ann.page.locator("li.message").first().getAttribute("data-seq");
  await ann.page.getByRole("button", { name: "Try again" }).click();
  await ann.page.waitForFunction(
    (before) => Number(document.querySelector<HTMLElement>("li.message")?.dataset.seq) < Number(before),
    first,
  );
});

test("a list of many conversations comes a page at a time; all of it can be scrolled to, found and opened", async () => {
  const peers = Array.from({ length: 130 }, (_, index) => `peer${index}`);
  await people.createUsers("popular");
  const first = await system.user("peer0");
  await first.send("popular", { text: "hello" });
  await Promise.all(peers.slice(1).map(async (peer) => (await system.user(peer)).send("popular", { text: "hello" })));
  const popular = await people.person("popular");
  await popular.signIn();
  const rows = popular.page.locator(".rows .row");
  await popular.page.waitForFunction(() => document.title === "(130) Duet");
  await expect.poll(() => rows.count()).toBe(100);
  expect(await popular.row("peer0").count()).toBe(0);
  await popular.page.getByRole("navigation", { name: "Conversations" }).evaluate((list) => {
    list.scrollTop = list.scrollHeight;
  });
  await expect.poll(() => rows.count()).toBe(130);
  expect((await rows.locator(".name").allInnerTexts()).toSorted()).toEqual(peers.toSorted());

  await popular.page.reload();
  await popular.page.waitForFunction(() => document.title === "(130) Duet");
  await expect.poll(() => rows.count()).toBe(100);
  await popular.page.getByRole("searchbox").fill("peer0");
  await expect.poll(() => rows.locator(".name").allInnerTexts()).toEqual(["peer0"]);
  await popular.page.goto(`${system.runtime.baseUrl}/c/peer0`);
  const opened = popular.page.locator('.row[aria-current="page"]', { hasText: "peer0" });
  await opened.waitFor();
  await expect.poll(() => opened.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
});
