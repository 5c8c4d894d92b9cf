import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { ChatMessage } from "../../client/index.ts";
import { requestTokens } from "../../local/identity/request-tokens.ts";
import { launchChromium } from "./chromium.ts";

/** So long a page may take for anything: the machine may be busy, and then everything takes longer. */
const WAIT_MS_MAX = 30_000;

/** Somebody in a browser of their own, with nothing in it from before. */
export interface Person {
  readonly username: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained of: errors, and what its Content-Security-Policy refused. */
  readonly complaints: string[];
  /** Opens the page, and signs in. */
  signIn(path?: string): Promise<void>;
  /** Shows the conversation with a user. */
  open(peer: string): Promise<void>;
  /** Writes and sends by the keyboard. */
  say(text: string): Promise<void>;
  /** The messages in the page that hold this text, those in that state alone if one is given. */
  messages(text?: string, state?: ChatMessage["state"]): Locator;
  /** The messages with this text that the server has taken. */
  acknowledged(text: string): Locator;
  /** The texts of the messages in the page, from the first to the last. */
  texts(): Promise<string[]>;
  /** The row in the list of conversations. */
  row(peer: string): Locator;
}

/** People who use the system at `baseUrl`, each with a browser context of their own. */
export async function startPeople(baseUrl: () => string) {
  const browser = await launchChromium();
  const contexts: BrowserContext[] = [];
  let pairs = 0;
  const people = {
    browser,
    async person(username: string, options: BrowserContextOptions = {}): Promise<Person> {
      const context = await newContext(browser, options);
      contexts.push(context);
      return createPerson({ username, context, page: await context.newPage(), baseUrl });
    },
    /** Two people who have never met anybody, and have not signed in yet. */
    async pair(): Promise<[Person, Person]> {
      pairs++;
      const [ann, ben] = [await people.person(`ann${pairs}`), await people.person(`ben${pairs}`)];
      await people.createUsers(ann.username, ben.username);
      return [ann, ben];
    },
    /** Two people who have each the conversation with the other open, and nothing said in it. */
    async together(): Promise<[Person, Person]> {
      const [ann, ben] = await people.pair();
      await ann.signIn(`/c/${ben.username}`);
      await ben.signIn(`/c/${ann.username}`);
      return [ann, ben];
    },
    /** Two people who have the conversation open, in which one has said "hello". */
    async talking(): Promise<[Person, Person]> {
      const [ann, ben] = await people.together();
      await ann.say("hello");
      await ann.acknowledged("hello").waitFor();
      await ben.messages("hello").waitFor();
      return [ann, ben];
    },
    /** Another tab in the same browser. */
    async anotherTab({ username, context }: Person): Promise<Person> {
      return createPerson({ username, context, page: await context.newPage(), baseUrl });
    },
    /** Users who exist, as if they had signed in once. */
    async createUsers(...usernames: string[]): Promise<void> {
      for (const token of await requestTokens({ baseUrl: baseUrl(), usernames }))
        await fetch(`${baseUrl()}/api/me`, { headers: { authorization: `Bearer ${token}` } });
    },
    /** All leave, and what a test holds back of their requests goes with them. */
    async leave(): Promise<void> {
      const left = contexts.splice(0);
      // A handler that is still at work when its page closes throws in nobody's test.
      const pages = left.flatMap((context) => context.pages());
      await Promise.all(pages.map((page) => page.unrouteAll({ behavior: "ignoreErrors" })));
      await Promise.all(left.map((context) => context.close()));
    },
    async close(): Promise<void> {
      await browser.close();
    },
  };
  return people;
}

async function newContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1100, height: 760 }, ...options });
  context.setDefaultTimeout(WAIT_MS_MAX);
  return context;
}

function createPerson(parts: { username: string; context: BrowserContext; page: Page; baseUrl: () => string }): Person {
  const { username, context, page, baseUrl } = parts;
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
  page.on("console", (line) => {
    if (/Content.Security.Policy|TrustedHTML|Refused to/i.test(line.text())) complaints.push(line.text());
  });
  const message = page.getByRole("textbox", { name: /^(Message|消息)$/ });
  const visitIssuer = async (path: string) => {
    await page.goto(`${baseUrl()}${path}`);
    await page.getByRole("button", { name: /^(Sign in|登录)$/ }).click();
    await page.getByLabel("or as somebody else").fill(username);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.locator(".panes").waitFor();
  };
  return {
    username,
    context,
    page,
    complaints,
    async signIn(path = "/") {
      try {
        await visitIssuer(path);
      } catch (cause) {
        // What stood there instead says more than that something did not.
        const shown = await page.locator("body").textContent();
        throw new Error(`${username} was not signed in; at ${page.url()}: ${shown}; ${complaints.join("\n")}`, {
          cause,
        });
      }
    },
    async open(peer) {
      const find = page.getByRole("searchbox");
      await find.fill(peer);
      await find.press("Enter");
      await page.waitForURL((url) => decodeURIComponent(url.pathname) === `/c/${peer}`);
      await message.waitFor();
    },
    async say(text) {
      await message.fill(text);
      await message.press("Enter");
    },
    messages: (text = "", state) =>
      page.locator(state === undefined ? "li.message" : `li.message[data-state="${state}"]`).filter({ hasText: text }),
    acknowledged: (text) =>
      page.locator('li.message:is([data-state="sent"], [data-state="read"])').filter({ hasText: text }),
    texts: () => page.locator("li.message .text").allInnerTexts(),
    row: (peer) => page.locator(".rows .row").filter({ has: page.locator(".name", { hasText: peer }) }),
  };
}
