import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "../../web/language/en.ts";
import { zhCn } from "../../web/language/zh-cn.ts";

const WEB = new URL("../../web", import.meta.url).pathname;

test("every language has the same entries, and none is empty", () => {
  expect(Object.keys(zhCn)).toEqual(Object.keys(en));
  expect(Object.keys(zhCn.errors)).toEqual(Object.keys(en.errors));
  for (const words of [en, zhCn]) for (const entry of Object.values(words)) expect(entry).not.toBe("");
});

test("the page says all that it has words for", () => {
  const sources = readdirSync(WEB, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !/language\/(en|zh-cn)/.test(name))
    .map((name) => readFileSync(join(WEB, name), "utf8"))
    .join("\n");
  const unsaid = Object.keys(en).filter((key) => !new RegExp(`\\.${key}\\b`).test(sources));
  expect(unsaid).toEqual([]);
});

test("numbers are said as people say them", () => {
  expect(en.charactersLeft(3)).toBe("3 characters left");
  expect(en.charactersLeft(-2)).toBe("2 characters too many");
  expect(en.unsentOnSignOut(1)).toMatch(/^A message is/);
  expect(zhCn.unread(2)).toBe("2 条未读");
});
