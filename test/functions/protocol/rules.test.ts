import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const PROTOCOL = new URL("../../../functions/protocol/PROTOCOL.md", import.meta.url);
const TESTS = new URL("../..", import.meta.url).pathname;

function rules(): string[] {
  return [...readFileSync(PROTOCOL, "utf8").matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map(([, rule = ""]) => rule);
}

/** The rules that the names of tests begin with. */
function testedRules(): Set<string> {
  const sources = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.ts$/.test(file) && !file.endsWith("rules.test.ts"))
    .map((file) => readFileSync(join(TESTS, file), "utf8"));
  const names = sources.flatMap((source) => [...source.matchAll(/["'`]((?:\[[A-Z]\d+\] )+)/g)]);
  return new Set(names.flatMap(([, numbers = ""]) => [...numbers.matchAll(/[A-Z]\d+/g)].map(([rule]) => rule)));
}

test("the rules of PROTOCOL.md are numbered once each", () => {
  expect(rules().length).toBeGreaterThan(30);
  expect(new Set(rules()).size).toBe(rules().length);
});

test("every rule has a test that begins with its number, and no test names a rule that is not there", () => {
  const tested = testedRules();
  expect(rules().filter((rule) => !tested.has(rule))).toEqual([]);
  expect([...tested].filter((rule) => !rules().includes(rule))).toEqual([]);
});
