import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { watchSources } from "../../local/watch.ts";

async function watchNew(onChange: () => Promise<void>) {
  const directory = mkdtempSync(join(tmpdir(), "watch-"));
  mkdirSync(join(directory, "deep/er"), { recursive: true });
  writeFileSync(join(directory, "deep/er/a.ts"), "1");
  const close = await watchSources({ paths: [directory], onChange });
  onTestFinished(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });
  return (name: string, content: string) => writeFileSync(join(directory, name), content);
}

test("a change below the paths is told, several at once as one", async () => {
  let told = () => {};
  let count = 0;
  const next = () => new Promise<void>((resolve) => (told = resolve));
  const write = await watchNew(async () => {
    count += 1;
    told();
  });
  expect(count).toBe(0);
  const first = next();
  write("deep/er/a.ts", "2");
  write("deep/b.ts", "2");
  await first;
  const second = next();
  write("deep/er/a.ts", "3");
  await second;
  expect(count).toBe(2);
});

test("a change during a call is told after it, not at the same time", async () => {
  let running = 0;
  let runningMax = 0;
  let count = 0;
  let write: (name: string, content: string) => void = () => {};
  let done = () => {};
  const twice = new Promise<void>((resolve) => (done = resolve));
  write = await watchNew(async () => {
    running += 1;
    count += 1;
    runningMax = Math.max(runningMax, running);
    if (count === 1) write("deep/b.ts", "during");
    await new Promise((resolve) => setTimeout(resolve, 500));
    running -= 1;
    if (count === 2) done();
  });
  write("deep/b.ts", "first");
  await twice;
  expect(runningMax).toBe(1);
});
