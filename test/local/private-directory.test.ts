import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makePrivateDirectory } from "../../local/private-directory.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "private-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("what is missing is made for its owner alone, and what is there is left as it is", () => {
  const given = join(temporaryDirectory(), "given");
  mkdirSync(given);
  chmodSync(given, 0o755);
  for (const _time of [1, 2]) makePrivateDirectory(join(given, "a", "b"));
  expect([given, join(given, "a"), join(given, "a", "b")].map(modeOf)).toEqual([0o755, 0o700, 0o700]);
});

test("what stands in the way is named, with the directory", () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "");
  expect(() => makePrivateDirectory(join(file, "below"))).toThrow(
    `The directory ${join(file, "below")} cannot be made: ENOTDIR: not a directory`,
  );
});

test.runIf(existsSync("/proc"))("where there can be no directory it does not try for ever", () => {
  expect(() => makePrivateDirectory("/proc/x/y")).toThrow("The directory /proc/x/y cannot be made: ENOENT");
});
