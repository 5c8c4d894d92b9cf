import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { descendants, freePort, left, run } from "../app/process.ts";
import { startPeople } from "./people.ts";

// Two people in a browser take seconds on a quiet machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

const directory = mkdtempSync(join(tmpdir(), "duet-browser-"));
let port = 0;
let server: ReturnType<typeof run>;
let people: Awaited<ReturnType<typeof startPeople>>;

/** The whole system as a command, with its data in a directory, so that it can be killed and comes back. */
async function startServer(): Promise<void> {
  server = run(process.execPath, [
    ...["--import", "tsx", "bin/start.ts", "--port", String(port), "--data", directory, "--no-limits", "--quiet"],
  ]);
  await server.printed(/Started in/);
}

/** With all that it has started, as when the power fails. */
async function killServer(): Promise<void> {
  const pids = descendants(server.child);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  expect(await left(pids)).toEqual([]);
}

beforeAll(async () => {
  port = await freePort();
  await startServer();
  people = await startPeople(() => `http://localhost:${port}`);
});
afterEach(async () => {
  await people.leave();
});
afterAll(async () => {
  await people?.close();
  if (server !== undefined) {
    server.child.kill("SIGTERM");
    await server.exited;
  }
  rmSync(directory, { recursive: true, force: true });
});

test("offline and back: what is written meanwhile is sent, what came meanwhile is there, once and in order", async () => {
  const [ann, ben] = await people.talking();
  await ann.context.setOffline(true);
  await ann.page.locator(".banner", { hasText: "You are offline." }).waitFor();
  await ann.say("written offline 1");
  await ann.say("written offline 2");
  await ann.messages("", "sending").nth(1).waitFor();
  for (let number = 1; number <= 5; number++) await ben.say(`missed ${number}`);
  await ben.acknowledged("missed 5").waitFor();
  await ann.context.setOffline(false);
  await ben.messages("written offline 2").waitFor();
  await ann.messages("missed 5").waitFor();
  await ann.page.locator(".banner:not(.none)").waitFor({ state: "detached" });
  await expect.poll(() => ann.messages("", "sending").count()).toBe(0);
  const expected = ["hello", ...[1, 2, 3, 4, 5].map((n) => `missed ${n}`), "written offline 1", "written offline 2"];
  expect(await ann.texts()).toEqual(expected);
  expect(await ben.texts()).toEqual(expected);
});

test("the server is killed and comes back: nothing acknowledged is lost, nothing is there twice", async () => {
  const [ann, ben] = await people.talking();
  for (let number = 1; number <= 3; number++) await ann.say(`before ${number}`);
  await ben.messages("before 3").waitFor();
  await killServer();
  await ann.page.locator(".banner:not(.none)").waitFor();
  await ann.say("while it is gone");
  await ann.messages("while it is gone", "sending").waitFor();
  await startServer();
  await ann.page
    .locator(".banner")
    .getByRole("button", { name: "Try now" })
    .click({ timeout: 5_000 })
    .catch(() => undefined);
  await ben.messages("while it is gone").waitFor({ timeout: 60_000 });
  await expect.poll(() => ann.messages("", "sending").count()).toBe(0);
  await ben.say("welcome back");
  await ann.messages("welcome back").waitFor({ timeout: 60_000 });
  const expected = ["hello", "before 1", "before 2", "before 3", "while it is gone", "welcome back"];
  expect(await ann.texts()).toEqual(expected);
  expect(await ben.texts()).toEqual(expected);
}, 180_000);

test("a message on its way outlives the page: it is sent when the page is opened again", async () => {
  const [ann, ben] = await people.talking();
  await ann.page.route("**/messages", (route) => route.abort());
  await ann.say("left behind");
  await ann.messages("left behind", "sending").waitFor();
  await ann.page.close();
  const again = await people.anotherTab(ann);
  await again.page.goto(`http://localhost:${port}/c/${ben.username}`);
  await ben.messages("left behind").waitFor();
  expect(await ben.texts()).toEqual(["hello", "left behind"]);
});

test("an answer that is lost on the way does not make a second message", async () => {
  const [ann, ben] = await people.talking();
  let lost = 0;
  await ann.page.route("**/messages", async (route) => {
    if (route.request().method() !== "POST" || lost >= 2) return route.continue();
    lost++;
    await route.fetch();
    return route.abort();
  });
  await ann.say("only once");
  await ann.acknowledged("only once").waitFor();
  await ben.messages("only once").waitFor();
  expect(lost).toBeGreaterThan(0);
  expect(await ben.texts()).toEqual(["hello", "only once"]);
  expect(await ann.texts()).toEqual(["hello", "only once"]);
});

test("two tabs of one user are in step: messages, what is read, drafts, and signing out", async () => {
  const [ann, ben] = await people.talking();
  const tab = await people.anotherTab(ann);
  // The issuer knows the browser: a new tab needs no click.
  await tab.page.goto(`http://localhost:${port}/c/${ben.username}`);
  await tab.messages("hello").waitFor();
  await tab.say("from the other tab");
  await ann.messages("from the other tab").waitFor();
  await ben.say("to both");
  await ann.messages("to both").waitFor();
  await tab.messages("to both").waitFor();
  await tab.page.getByRole("textbox", { name: "Message" }).fill("a draft");
  await ann.page.waitForFunction(() => document.querySelector("textarea")?.value === "a draft");
  await tab.page.getByRole("button", { name: "Profile and settings" }).click();
  await tab.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await ann.page.getByRole("button", { name: "Sign in" }).waitFor();
  await tab.page.getByRole("button", { name: "Sign in" }).waitFor();
  const kept = () => tab.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(await kept()).not.toMatch(/draft|eyJ|refresh/);
});

test("a session that has ended says so, keeps what was written, and goes on after signing in again", async () => {
  const [ann, ben] = await people.talking();
  await ann.page.getByRole("textbox", { name: "Message" }).fill("half a thought");
  const refused = { status: 400, contentType: "application/json", body: '{"error":"invalid_grant"}' };
  await ann.page.route("**/oauth2/token", (route) => route.fulfill(refused));
  await ann.page.reload();
  await ann.page.getByText("Your session has ended.").waitFor();
  await ann.page.getByRole("textbox", { name: "Message" }).press("Enter");
  await ann.messages("half a thought", "sending").waitFor();
  await ann.page.unroute("**/oauth2/token");
  await ann.page.getByRole("button", { name: "Sign in again" }).click();
  await ben.messages("half a thought").waitFor();
  expect(await ben.texts()).toEqual(["hello", "half a thought"]);
  expect(await ann.page.evaluate(() => location.pathname)).toBe(`/c/${ben.username}`);
});

test("signing out says how many messages are not sent, and they are sent when the user is back", async () => {
  const [ann, ben] = await people.talking();
  await ann.page.route("**/messages", (route) => route.abort());
  await ann.say("one");
  await ann.say("two");
  await ann.messages("", "sending").nth(1).waitFor();
  // Those of before a reload count too, in a conversation that is not opened again.
  await ann.page.goto(`http://localhost:${port}/`);
  const settings = ann.page.getByRole("button", { name: "Profile and settings" });
  await expect
    .poll(async () => {
      await settings.click();
      await ann.page.getByRole("dialog").waitFor();
      const isSaid = await ann.page.getByText("2 messages are not sent yet.").isVisible();
      await ann.page.keyboard.press("Escape");
      return isSaid;
    })
    .toBe(true);
  await settings.click();
  await ann.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await ann.page.getByRole("button", { name: "Sign in" }).waitFor();
  await ann.page.unroute("**/messages");
  await ann.signIn();
  await ben.messages("two").waitFor();
  expect(await ben.texts()).toEqual(["hello", "one", "two"]);
});

test("no token is ever in the browser's lasting storage", async () => {
  const [ann] = await people.talking();
  const lasting = await ann.page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return JSON.stringify([{ ...localStorage }, databases.map(({ name }) => name), document.cookie]);
  });
  // Every JWT begins so.
  expect(lasting).not.toContain("eyJ");
  expect(lasting).toContain("duet");
});

test("signing out everywhere ends the other devices' connections", async () => {
  const [ann] = await people.talking();
  const phone = await people.person(ann.username);
  const opened = phone.page.waitForEvent("websocket");
  await phone.signIn();
  await phone.row("ben").waitFor();
  const socket = await opened;
  expect(socket.isClosed()).toBe(false);
  const closed = socket.waitForEvent("close");
  await ann.page.getByRole("button", { name: "Profile and settings" }).click();
  await ann.page.getByRole("button", { name: "Sign out everywhere" }).click();
  await ann.page.getByRole("button", { name: "Sign in" }).waitFor();
  await closed;
});
