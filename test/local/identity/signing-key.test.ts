import { lstatSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadSigningKey } from "../../../local/identity/signing-key.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "signing-key-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("a key is kept for its owner alone", async () => {
  const directory = join(temporaryDirectory(), "identity");
  const key = await loadSigningKey(join(directory, "key"));
  expect(await loadSigningKey(join(directory, "key"))).toEqual(key);
  expect(readdirSync(directory)).toEqual(["key"]);
  expect([statSync(directory).mode & 0o777, statSync(join(directory, "key")).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("a key is put into its place whole", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "key");
  // Writing would follow the link; only a rename takes its place.
  symlinkSync(join(directory, "elsewhere"), file);
  await loadSigningKey(file);
  expect(lstatSync(file).isFile()).toBe(true);
});
