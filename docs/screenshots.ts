/**
 * Makes the pictures of README.md anew, of the real page on the real system: `npm run screenshots`. It needs Chromium,
 * as the tests do.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startSystem } from "../test/app/system.ts";
import { startPeople } from "../test/browser/people.ts";

const IMAGES = fileURLToPath(new URL("images/", import.meta.url));

const TALK: [string, string][] = [
  ["bob", "Morning! Did the night train leave on time?"],
  ["alice", "Almost. Ten minutes late, and a window seat."],
  ["bob", "🚆"],
  ["alice", "The timetable is at https://trains.example/night, if you want to come after me."],
  ["bob", "Tempting. I'll look when I'm at my desk.\nSave me a coffee."],
];
const OTHERS: [string, string][] = [
  ["carol", "The draft is in your inbox"],
  ["张三", "周五见！"],
  ["o.brien@x.cn", "Thanks, that did it"],
];

const system = await startSystem({ dynamoDb: "auto", limits: false });
const people = await startPeople(() => system.runtime.baseUrl);
try {
  mkdirSync(IMAGES, { recursive: true });
  await people.createUsers("alice", "bob", ...OTHERS.map(([name]) => name));
  const named = { alice: "Alice", bob: "Bob Lindqvist", carol: "Carol" };
  for (const [username, displayName] of Object.entries(named))
    await (await system.user(username)).call("PUT", "/api/me", { body: JSON.stringify({ displayName }) });
  for (const [name, text] of OTHERS) await (await system.user(name)).send("alice", { text });
  for (const [name, text] of TALK) await (await system.user(name)).send(name === "bob" ? "alice" : "bob", { text });

  const desk = await people.person("alice", { viewport: { width: 1000, height: 620 }, deviceScaleFactor: 2 });
  await desk.signIn("/c/bob");
  await desk.messages("Tempting").waitFor();
  await desk.say("Deal ☕");
  await desk.page.locator('li.message[data-state="sent"]', { hasText: "Deal" }).waitFor();
  await desk.page.screenshot({ path: `${IMAGES}desktop-light.png` });

  const phone = await people.person("bob", {
    viewport: { width: 390, height: 700 },
    deviceScaleFactor: 2,
    locale: "zh-CN",
    colorScheme: "dark",
  });
  await phone.signIn("/c/alice");
  await phone.messages("Deal").waitFor();
  await phone.page.screenshot({ path: `${IMAGES}phone-dark-zh.png` });
  process.stdout.write(`Written: ${IMAGES}\n`);
} finally {
  await people.close();
  await system.close();
}
