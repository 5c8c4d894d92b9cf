import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startSystem } from "../app/system.ts";
import { type Person, startPeople } from "./people.ts";

// Two people in a browser take seconds on a quiet machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let system: Awaited<ReturnType<typeof startSystem>>;
let people: Awaited<ReturnType<typeof startPeople>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "auto", limits: false });
  people = await startPeople(() => system.runtime.baseUrl);
  await people.createUsers("ann", "ben", "carol", "张三");
  const [ann, ben, carol] = [await system.user("ann"), await system.user("ben"), await system.user("carol")];
  for (const text of ["Hello Ann", "https://example.com is the link", "🎉"]) await ben.send("ann", { text });
  await ann.send("ben", { text: "Thanks!" });
  await carol.send("ann", { text: "Are you there?" });
});
afterEach(async () => {
  await people.leave();
});
afterAll(async () => {
  await people?.close();
  await system?.close();
});

/** What axe-core finds wrong with the page as it is. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
  );
}

const settings = (person: Person) => person.page.getByRole("button", { name: /Profile and settings|个人资料与设置/ });

/** Each screen that there is, and what leads to it. */
const SCREENS: Record<string, (ann: Person) => Promise<unknown>> = {
  "the way to sign in": async ({ page }) => {
    await page.goto(`${system.runtime.baseUrl}/`);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  },
  "the list": async (ann) => {
    await ann.signIn();
    await ann.row("carol").locator(".dot").waitFor();
  },
  "the list with an answer": async (ann) => {
    await ann.signIn();
    await ann.page.getByRole("searchbox").fill("nobody-here");
    await ann.page.getByRole("searchbox").press("Enter");
    await ann.page.getByRole("alert").waitFor();
  },
  "a conversation": async (ann) => {
    await ann.signIn("/c/ben");
    await ann.messages("Thanks!").waitFor();
  },
  "an empty conversation": async (ann) => {
    await ann.signIn(`/c/${encodeURIComponent("张三")}`);
    await ann.page.getByText("No messages with").waitFor();
  },
  "an unknown user": async (ann) => {
    await ann.signIn("/c/nobody-here");
    await ann.page.getByRole("alert").waitFor();
  },
  "a message that failed": async (ann) => {
    const ben = await system.user("ben");
    await ben.call("PUT", "/api/conversations/ann/block");
    await ann.signIn("/c/ben");
    await ann.say("in vain");
    await ann.page.locator(".failed-note").waitFor();
    await ben.call("DELETE", "/api/conversations/ann/block");
  },
  "a blocked user, and the banner": async (ann) => {
    const self = await system.user("ann");
    await self.call("PUT", `/api/conversations/${encodeURIComponent("张三")}/block`);
    await ann.signIn(`/c/${encodeURIComponent("张三")}`);
    await ann.page.getByText("You have blocked").waitFor();
    await ann.context.setOffline(true);
    await ann.page.locator(".banner:not(.none)").waitFor();
    await self.call("DELETE", `/api/conversations/${encodeURIComponent("张三")}/block`);
  },
  "the question before blocking": async (ann) => {
    await ann.signIn("/c/ben");
    await ann.page.getByRole("button", { name: "Block ben" }).click();
    await ann.page.getByRole("dialog").waitFor();
  },
  "the settings": async (ann) => {
    await ann.signIn("/c/ben");
    await ann.page.goto(`${system.runtime.baseUrl}/`);
    await settings(ann).click();
    await ann.page.getByRole("dialog").waitFor();
  },
};

const DESKTOP = { width: 1100, height: 760 };
const PHONE = { width: 390, height: 800 };
const KINDS: [string, BrowserContextOptions][] = [
  ["light, desktop", { colorScheme: "light", viewport: DESKTOP }],
  ["dark, desktop", { colorScheme: "dark", viewport: DESKTOP }],
  ["light, phone", { colorScheme: "light", viewport: PHONE }],
  ["dark, phone", { colorScheme: "dark", viewport: PHONE }],
];

describe.each(KINDS)("axe-core finds nothing, %s:", (_, options) => {
  test.each(Object.keys(SCREENS))("%s", async (screen) => {
    const ann = await people.person("ann", { ...options, bypassCSP: true });
    await SCREENS[screen]?.(ann);
    expect(await findings(ann.page)).toEqual([]);
    const overPx = await ann.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    expect(overPx).toBe(0);
  });
});

test("axe-core would find what is wrong", async () => {
  const ann = await people.person("ann", { bypassCSP: true });
  await SCREENS["the list"]?.(ann);
  await ann.page.evaluate(() => document.body.append(document.createElement("button")));
  expect(await findings(ann.page)).toEqual([expect.stringContaining("button-name")]);
});

describe("the profile", () => {
  test("has a name and a picture, which the other side sees", async () => {
    const [ann, ben] = [await people.person("ann"), await people.person("ben")];
    await ann.signIn();
    await ben.signIn("/c/ann");
    await settings(ann).click();
    const dialog = ann.page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Ann Ångström");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Saved").waitFor();
    const picture = await ann.page.evaluate(async () => {
      const canvas = new OffscreenCanvas(900, 400);
      const context = canvas.getContext("2d");
      if (context === null) throw new Error("no canvas");
      context.fillStyle = "red";
      context.fillRect(0, 0, 900, 400);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    });
    const file = { name: "me.png", mimeType: "image/png", buffer: Buffer.from(picture) };
    await dialog.getByLabel("Choose a picture").setInputFiles(file);
    await dialog.getByLabel("Zoom").fill("2");
    await dialog.getByRole("img").press("ArrowLeft");
    await dialog.getByRole("button", { name: "Use" }).click();
    await dialog.locator("img.avatar").waitFor();
    await ann.page.keyboard.press("Escape");
    await ann.open("ben");
    await ann.say("How do I look?");
    await ben.messages("How do I look?").locator("img.avatar").waitFor();
    const size = await ben
      .messages("How do I look?")
      .locator("img.avatar")
      .evaluate((image) => {
        const { naturalWidth, naturalHeight } = image as HTMLImageElement;
        return [naturalWidth, naturalHeight];
      });
    expect(size).toEqual([256, 256]);
    await ben.page.getByRole("heading", { name: "Ann Ångström" }).waitFor();
    expect([...ann.complaints, ...ben.complaints]).toEqual([]);
    await settings(ann).click();
    await dialog.getByRole("button", { name: "Remove the picture" }).click();
    await dialog.locator("img.avatar").waitFor({ state: "detached" });
    await dialog.getByLabel("Name", { exact: true }).fill("");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Saved").waitFor();
  });

  test("has a picture that is upright, small, and holds nothing but what can be seen, whatever the file was", async () => {
    const carol = await people.person("carol");
    await carol.signIn();
    await settings(carol).click();
    const dialog = carol.page.getByRole("dialog");
    const jpeg = Buffer.from(
      await carol.page.evaluate(async () => {
        const canvas = new OffscreenCanvas(1600, 1600);
        const context = canvas.getContext("2d");
        if (context === null) throw new Error("no canvas");
        const noise = context.createImageData(1600, 1600);
        for (let at = 0; at < noise.data.length; at++) noise.data[at] = (at * 2_654_435_761) >>> 24;
        for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
        context.putImageData(noise, 0, 0);
        context.fillStyle = "red";
        context.fillRect(0, 0, 800, 1600);
        const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
        return [...new Uint8Array(await blob.arrayBuffer())];
      }),
    );
    // "Exif": big-endian, one entry, orientation (0x0112) 6: to be turned to the right. What was left is at the top then.
    const exif = Buffer.from("ffe100224578696600004d4d002a00000008000101120003000000010006000000000000", "hex");
    const file = {
      name: "me.jpg",
      mimeType: "image/jpeg",
      buffer: Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]),
    };
    await dialog.getByLabel("Choose a picture").setInputFiles(file);
    await dialog.getByRole("button", { name: "Use" }).click();
    await dialog.locator("img.avatar").waitFor();
    const response = await (await system.user("carol")).call("GET", "/api/users/carol/avatar");
    const stored = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-type")).toBe("image/webp");
    expect(stored.length).toBeLessThanOrEqual(64 * 1024);
    expect(stored.includes("Exif")).toBe(false);
    const pixels = await dialog.locator("img.avatar").evaluate((image) => {
      const context = new OffscreenCanvas(256, 256).getContext("2d", { willReadFrequently: true });
      if (context === null) throw new Error("no canvas");
      context.drawImage(image as HTMLImageElement, 0, 0);
      const at = (x: number, y: number) => [...context.getImageData(x, y, 1, 1).data];
      return { top: [at(20, 60), at(236, 60)], bottom: at(20, 200) };
    });
    for (const [red = 0, green = 255, blue = 255] of pixels.top) {
      expect(red).toBeGreaterThan(200);
      expect(Math.max(green, blue)).toBeLessThan(60);
    }
    const [red = 255, green = 0] = pixels.bottom;
    expect(red - green).toBeLessThan(150);
  });

  test("takes no file that is no picture, and says so", async () => {
    const ann = await people.person("ann");
    await ann.signIn();
    await settings(ann).click();
    const file = { name: "me.png", mimeType: "image/png", buffer: Buffer.from("<svg onload=alert(1)>") };
    await ann.page.getByRole("dialog").getByLabel("Choose a picture").setInputFiles(file);
    await ann.page.getByRole("alert").filter({ hasText: "This is no picture that can be used." }).waitFor();
  });
});

test("the page speaks Chinese to whoever's browser does, and the language can be changed and stays", async () => {
  const zhang = await people.person("张三", { locale: "zh-CN" });
  await zhang.signIn("/c/ben");
  expect(await zhang.page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
  await zhang.page.getByRole("log", { name: "与 ben 的消息" }).waitFor();
  await zhang.say("你好，ben");
  await zhang.messages("", "sent").waitFor();
  await zhang.page.getByText("今天").waitFor();
  await settings(zhang).click();
  await zhang.page.getByRole("combobox", { name: "语言" }).selectOption("en");
  await zhang.page.getByRole("dialog", { name: "Profile and settings" }).waitFor();
  await zhang.page.reload();
  await zhang.page.getByRole("log", { name: "Messages with ben" }).waitFor();
  expect(await zhang.page.evaluate(() => document.documentElement.lang)).toBe("en");
});

test("the appearance can be chosen, and stays", async () => {
  const ann = await people.person("ann", { colorScheme: "light" });
  await ann.signIn();
  const background = () => ann.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await background()).toBe("rgb(255, 255, 255)");
  await settings(ann).click();
  await ann.page.getByRole("combobox", { name: "Appearance" }).selectOption("dark");
  expect(await background()).toBe("rgb(16, 22, 20)");
  await ann.page.reload();
  await ann.page.locator(".panes").waitFor();
  expect(await background()).toBe("rgb(16, 22, 20)");
});

test("right-to-left text begins at the right, and does not turn the page around", async () => {
  const [ann, ben] = [await people.person("ann"), await system.user("ben")];
  await ann.signIn("/c/ben");
  await ben.send("ann", { text: "مرحبا يا آن" });
  const text = ann.messages("مرحبا").locator(".text");
  await text.waitFor();
  expect(await text.evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
  expect(await ann.page.evaluate(() => getComputedStyle(document.body).direction)).toBe("ltr");
});

test("a notification is shown while nobody looks, once for all tabs, and says only what it may", async () => {
  const ann = await people.person("ann", { permissions: ["notifications"] });
  await ann.context.addInitScript(() => {
    const shown: string[] = [];
    Object.assign(globalThis, {
      shown,
      Notification: class {
        static permission = "granted";
        static async requestPermission(): Promise<string> {
          return "granted";
        }
        constructor(title: string, options?: { body?: string }) {
          shown.push(`${title}|${options?.body ?? ""}`);
        }
      },
    });
  });
  await ann.signIn("/c/carol");
  await settings(ann).click();
  await ann.page.getByLabel("When this page is not in view").check();
  await ann.page.keyboard.press("Escape");
  const tab = await people.anotherTab(ann);
  await tab.page.goto(`${system.runtime.baseUrl}/c/张三`);
  await tab.row("ben").waitFor();
  const ben = await system.user("ben");
  await ben.send("ann", { text: "a secret" });
  await ann.page.waitForFunction(() => (globalThis as unknown as { shown: string[] }).shown.length > 0);
  const shownIn = ({ page }: Person) => page.evaluate(() => (globalThis as unknown as { shown: string[] }).shown);
  expect([...(await shownIn(ann)), ...(await shownIn(tab))]).toEqual(["New message from ben|"]);
});
