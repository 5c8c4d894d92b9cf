import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readChaosFile } from "../../../local/chaos/chaos-file.ts";

const directory = mkdtempSync(join(tmpdir(), "chaos-"));
afterAll(() => rmSync(directory, { recursive: true }));

function read(content: string) {
  const path = join(directory, "chaos.json");
  writeFileSync(path, content);
  return readChaosFile(path);
}

test("all faults are optional, and each is a share, or a share within milliseconds", () => {
  const all = {
    dropDisconnect: 0.5,
    failPost: 0,
    losePost: 1,
    delayPost: { share: 0.1, msMax: 0 },
    reorderFrame: { share: 0.1, msMax: 60_000 },
    killFunction: { share: 0.1, msMax: 50 },
  };
  expect(read(JSON.stringify(all))).toEqual(all);
  expect(read("{}")).toEqual({});
});

test.each([
  ["not JSON", "{", /chaos\.json cannot be read: .*JSON/],
  ["a list", "[]", /does not fit: Expected Object but received Array\./],
  [
    "an unknown fault",
    '{"dropDisconect":1}',
    /at dropDisconect: .* It is an object with any of dropDisconnect, failPost, /,
  ],
  ["a share above 1", '{"failPost":1.5}', /at failPost: A share of the occasions is a number from 0 to 1; got 1\.5\./],
  ["a share below 0", '{"failPost":-0.1}', /a number from 0 to 1; got -0\.1\./],
  ["a share that is text", '{"failPost":"0.5"}', /a number from 0 to 1; got "0\.5"\./],
  ["a bare share where ms are needed", '{"delayPost":0.5}', /at delayPost: .*Expected Object but received 0\.5/],
  ["no msMax", '{"delayPost":{"share":1}}', /at delayPost\.msMax: .*Expected "msMax" but received undefined/],
  ["too long", '{"killFunction":{"share":1,"msMax":60001}}', /at killFunction\.msMax: .* from 0 to 60000; got 60001\./],
])("%s is refused by name", (_what, content, message) => {
  expect(() => read(content)).toThrow(message);
});

test("a file that is missing is named", () => {
  expect(() => readChaosFile(join(directory, "none.json"))).toThrow(/none\.json cannot be read: ENOENT/);
});
