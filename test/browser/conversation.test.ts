import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startSystem } from "../app/system.ts";
import { type Person, startPeople } from "./people.ts";

// Two people in a browser take seconds on a quiet machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

let system: Awaited<ReturnType<typeof startSystem>>;
let people: Awaited<ReturnType<typeof startPeople>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "auto" });
  people = await startPeople(() => system.runtime.baseUrl);
});
afterEach(async () => {
  await people.leave();
});
afterAll(async () => {
  await people?.close();
  await system?.close();
});

describe("two people side by side", () => {
  test("from the first sign-in to the first message, its answer, and that it was read", async () => {
    const [ann, ben] = await people.pair();
    await ann.signIn();
    await ann.page.getByText("No conversations yet").waitFor();
    await ann.open(ben.username);
    await ann.page.getByText(`No messages with ${ben.username} yet`).waitFor();
    await ann.say("hello");
    await ann.messages("", "sent").waitFor();
    await ben.signIn();
    await ben.row(ann.username).locator(".dot").waitFor();
    expect(await ben.row(ann.username).textContent()).toContain("hello");
    await ben.page.waitForFunction(() => document.title === "(1) Duet");
    await ben.row(ann.username).click();
    await ben.messages("hello").waitFor();
    await ann.messages("", "read").waitFor();
    await ben.say("hi");
    await ann.messages("hi").waitFor();
    expect(await ann.texts()).toEqual(["hello", "hi"]);
    expect(await ben.texts()).toEqual(["hello", "hi"]);
    await ben.page.waitForFunction(() => document.title === "Duet");
    expect([...ann.complaints, ...ben.complaints]).toEqual([]);
  });

  test("a second device has everything, and is told what the first sends and reads", async () => {
    const [ann, ben] = await people.together();
    await ann.say("one");
    await ben.messages("one").waitFor();
    await ann.messages("one", "read").waitFor();
    const phone = await people.person(ben.username, { viewport: { width: 390, height: 800 } });
    await phone.signIn();
    await phone.row(ann.username).waitFor();
    expect(await phone.row(ann.username).locator(".dot").count()).toBe(0);
    await phone.row(ann.username).click();
    await phone.messages("one").waitFor();
    await ben.say("two");
    await phone.messages("two").waitFor();
    await phone.say("three");
    await ben.messages("three").waitFor();
    await ann.messages("three").waitFor();
    for (const person of [ann, ben, phone]) expect(await person.texts()).toEqual(["one", "two", "three"]);
    // On a phone there is one pane, and a way back.
    expect(await phone.page.locator(".side").isVisible()).toBe(false);
    await phone.page.getByRole("button", { name: "Back to the conversations" }).click();
    expect(await phone.row(ann.username).isVisible()).toBe(true);
    await phone.page.goBack();
    await phone.messages("one").waitFor();
  });

  test("a dot says what is unread while another conversation is open, and only what is seen is read", async () => {
    const [ann, ben] = await people.together();
    await people.createUsers(`${ben.username}x`);
    await ben.open(`${ben.username}x`);
    await ann.say("first");
    await ann.say("second");
    await ben.row(ann.username).locator(".dot", { hasText: "2" }).waitFor();
    await ann.messages("first", "sent").waitFor();
    await ben.row(ann.username).click();
    await ben.page.locator(".separator.new").waitFor();
    await ben.row(ann.username).locator(".dot").waitFor({ state: "detached" });
    await ann.messages("second", "read").waitFor();
  });

  test("typing is shown, and ends with the message", async () => {
    const [ann, ben] = await people.together();
    // Only those are told who have talked already.
    await ann.say("hi");
    await ben.messages("hi").waitFor();
    await ben.page.getByRole("textbox", { name: "Message" }).pressSequentially("hey");
    await ann.page.getByText(`${ben.username} is typing…`).waitFor();
    await ben.page.getByRole("textbox", { name: "Message" }).press("Enter");
    await ann.messages("hey").waitFor();
    await ann.page.getByText(`${ben.username} is typing…`).waitFor({ state: "detached" });
  });

  test("a screen reader is told what comes, and nothing of what was there", async () => {
    const [ann, ben] = await people.pair();
    const sender = await system.user(ann.username);
    await sender.send(ben.username, { text: "from before" });
    await ben.signIn(`/c/${ann.username}`);
    await ben.messages("from before").waitFor();
    await sender.send(ben.username, { text: "just now" });
    await ben.messages("just now").waitFor();
    await ben.page.locator("[data-announcer]", { hasText: `${ann.username}: just now` }).waitFor({ state: "attached" });
    expect(await ben.page.locator("[data-announcer]").textContent()).not.toContain("from before");
  });
});

describe("a conversation", () => {
  test("is begun by username, with a clear answer for an unknown one and for oneself", async () => {
    const [ann] = await people.pair();
    await ann.signIn();
    const find = ann.page.getByRole("searchbox");
    await find.fill("nobody-at-all");
    await find.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "There is no user with this name." }).waitFor();
    await find.fill(ann.username);
    await find.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "That is you." }).waitFor();
    await find.fill("no user name!");
    await find.press("Enter");
    await ann.page.getByRole("alert").filter({ hasText: "A username has letters" }).waitFor();
  });

  test("with an unknown user, by its address, says that there is none, and takes no message", async () => {
    const [ann] = await people.pair();
    await ann.signIn("/c/nobody-at-all");
    await ann.page.getByRole("alert").filter({ hasText: "There is no user with this name." }).waitFor();
    await ann.page.getByRole("textbox", { name: "Message" }).waitFor({ state: "detached" });
  });

  test("of names as 张三 and o.brien@x.cn has an address that can be opened", async () => {
    await people.createUsers("张三", "o.brien@x.cn");
    const zhang = await people.person("张三");
    await zhang.signIn(`/c/${encodeURIComponent("o.brien@x.cn")}`);
    await zhang.say("你好");
    await zhang.messages("", "sent").waitFor();
    const brien = await people.person("o.brien@x.cn");
    await brien.signIn(`/c/${encodeURIComponent("张三")}`);
    await brien.messages("你好").waitFor();
    await brien.page.reload();
    await brien.messages("你好").waitFor();
  });

  test("keeps its draft while another is open, after a reload, and for the other tab", async () => {
    const [ann, ben] = await people.together();
    await people.createUsers(`${ben.username}x`);
    await ann.page.getByRole("textbox", { name: "Message" }).fill("not sent yet");
    await ann.open(`${ben.username}x`);
    expect(await ann.page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("");
    await ann.page.goBack();
    await ann.page.reload();
    await expect.poll(() => ann.page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("not sent yet");
  });

  test("is blocked after a question: the other is told when they write, and can write again when it is over", async () => {
    const [ann, ben] = await people.together();
    await ben.say("before");
    await ann.messages("before").waitFor();
    await ann.page.getByRole("button", { name: `Block ${ben.username}` }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await ann.page.getByRole("button", { name: `Block ${ben.username}` }).click();
    await ann.page
      .getByRole("dialog")
      .getByRole("button", { name: `Block ${ben.username}` })
      .click();
    await ann.page.getByText(`You have blocked ${ben.username}.`).waitFor();
    await ben.say("while blocked");
    await ben.messages("", "failed").waitFor();
    expect(await ben.page.locator(".failed-note").textContent()).toContain("You cannot write to this user.");
    await ann.page.getByRole("button", { name: `Unblock ${ben.username}` }).click();
    await ann.page.getByRole("textbox", { name: "Message" }).waitFor();
    await ben.page.getByRole("button", { name: "Retry" }).click();
    await ann.messages("while blocked").waitFor();
    expect(await ann.texts()).toEqual(["before", "while blocked"]);
    expect(await ben.texts()).toEqual(["before", "while blocked"]);
  });

  test("[Q1] says for how long nothing more goes out when too much was sent at once, and then it goes out by itself", async () => {
    const [ann, ben] = await people.together();
    const elsewhere = await system.user(ann.username);
    // At once, so that most of the ten seconds are left.
    const sends = await Promise.all(Array.from({ length: 25 }, () => elsewhere.send(ben.username, { text: "quick" })));
    expect(sends.map(({ status }) => status)).toContain(429);
    await ann.say("one too many");
    await ann.page.getByText("Too many messages at once.").waitFor();
    const left = async () =>
      Number(/in (\d+) sec/.exec((await ann.page.locator(".held-note").textContent()) ?? "")?.[1]);
    const first = await left();
    expect(first).toBeGreaterThan(0);
    await expect.poll(left).toBeLessThan(first);
    await ann.messages("one too many", "sending").waitFor();
    await ben.messages("one too many").waitFor();
    await ann.page.getByText("Too many messages at once.").waitFor({ state: "detached" });
    await ann.acknowledged("one too many").waitFor();
  });

  test("a message that failed can be thrown away", async () => {
    const [ann, ben] = await people.together();
    const other = await system.user(ann.username);
    await other.call("PUT", `/api/conversations/${ben.username}/block`);
    await ben.say("in vain");
    await ben.messages("", "failed").waitFor();
    await ben.page.getByRole("button", { name: "Delete" }).click();
    await ben.messages("in vain").waitFor({ state: "detached" });
    await ben.page.reload();
    await ben.page.getByText("No messages with").waitFor();
    expect(await ben.messages().count()).toBe(0);
  });
});

describe("what is written", () => {
  test.each([
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "javascript:document.title='owned'",
    '"><svg onload=alert(1)>',
    "{{constructor.constructor('alert(1)')()}}",
    "&lt;b&gt;not bold&lt;/b&gt;",
  ])("%s is text, from any sender, in the log and in the list", async (payload) => {
    const [ann, ben] = await people.pair();
    await ann.signIn(`/c/${ben.username}`);
    const sender = await system.user(ben.username);
    // The words around it are what the server leaves, whatever it takes out.
    const { body } = await sender.send(ann.username, { text: `begin ${payload} end` });
    await ann.messages("begin").waitFor();
    expect(await ann.texts()).toEqual([body.message.text]);
    expect(await ann.page.locator(".message .text *:not(a)").count()).toBe(0);
    await ann.page.goto(`${system.runtime.baseUrl}/`);
    await ann.row(ben.username).waitFor();
    expect(await ann.page.title()).toBe("Duet");
    expect(ann.complaints).toEqual([]);
  });

  test("is shown as text on the sender's side before the server has seen it, too", async () => {
    const [ann] = await people.together();
    await ann.context.setOffline(true);
    await ann.say("<b>bold</b><img src=x onerror=\"document.title='owned'\">");
    await ann.messages("<b>bold</b>").waitFor();
    expect(await ann.page.title()).toBe("Duet");
    expect(ann.complaints).toEqual([]);
  });

  test("has links that are safe, long words that wrap, and lines that stay", async () => {
    const [ann, ben] = await people.together();
    const long = "w".repeat(400);
    await ann.say(`https://example.com/a?b=c ${long}\nsecond line`);
    await ben.messages("second line").waitFor();
    const link = ben.page.getByRole("link", { name: "https://example.com/a?b=c", exact: true });
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
    expect(await link.getAttribute("target")).toBe("_blank");
    const log = ben.page.getByRole("log");
    expect(await log.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
    expect((await ben.texts())[0]).toContain("\nsecond line");
  });

  test("of emoji alone is large", async () => {
    const [ann] = await people.together();
    await ann.say("🎉");
    await ann.page.locator(".text.emoji").waitFor();
  });
});

describe("the keyboard", () => {
  const box = (person: Person) => person.page.getByRole("textbox", { name: "Message" });

  test("Shift+Enter breaks the line, Enter sends, and Enter alone sends nothing", async () => {
    const [ann, ben] = await people.together();
    await box(ann).press("Enter");
    await box(ann).pressSequentially("   ");
    await box(ann).press("Enter");
    await box(ann).fill("");
    await box(ann).pressSequentially("one");
    await box(ann).press("Shift+Enter");
    await box(ann).pressSequentially("two");
    await box(ann).press("Enter");
    await ben.messages("one").waitFor();
    expect(await ben.texts()).toEqual(["one\ntwo"]);
  });

  test("the Enter that ends the composition of an input method does not send", async () => {
    const [ann, ben] = await people.together();
    const devtools = await ann.context.newCDPSession(ann.page);
    await box(ann).focus();
    await devtools.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
    // As Chromium tells of a key that the input method takes.
    const composing = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 } as const;
    await devtools.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...composing });
    await devtools.send("Input.insertText", { text: "你好" });
    await devtools.send("Input.dispatchKeyEvent", { type: "keyUp", ...composing });
    // Safari's order: the composition has ended, and the key that ended it comes after, by its number alone.
    await box(ann).evaluate((element) =>
      element.dispatchEvent(
        new KeyboardEvent("keydown", {
          key: "Enter",
          keyCode: 229,
          bubbles: true,
          cancelable: true,
        } as KeyboardEventInit),
      ),
    );
    expect(await box(ann).inputValue()).toBe("你好");
    expect(await ann.messages().count()).toBe(0);
    await box(ann).press("Enter");
    await ben.messages("你好").waitFor();
    expect(await ben.texts()).toEqual(["你好"]);
  });

  test("goes between conversations by Alt and an arrow, tells the keys by ?, and a dialog gives the focus back", async () => {
    const [ann, ben] = await people.pair();
    await people.createUsers(`${ben.username}x`);
    const sender = await system.user(ann.username);
    await sender.send(ben.username, { text: "older" });
    await sender.send(`${ben.username}x`, { text: "newer" });
    await ann.signIn(`/c/${ben.username}x`);
    await ann.messages("newer").waitFor();
    await ann.page.keyboard.press("Alt+ArrowDown");
    await ann.messages("older").waitFor();
    await ann.page.keyboard.press("Alt+ArrowUp");
    await ann.messages("newer").waitFor();
    const settings = ann.page.getByRole("button", { name: "Profile and settings" });
    await settings.focus();
    await ann.page.keyboard.press("Shift+?");
    await ann.page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await ann.page.keyboard.press("Escape");
    await ann.page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await settings.evaluate((element) => element === document.activeElement)).toBe(true);
  });
});
