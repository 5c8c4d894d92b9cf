import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWebsite } from "../../lib/bundle-website.ts";

/** What a page loads before it can be used, in one language, gzipped. */
const FIRST_LOAD_BYTES_MAX = 45 * 1024;
/** With what is loaded when it is wanted: the settings, and the other language. */
const ALL_BYTES_MAX = 50 * 1024;

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "duet-website-"));
  bundleWebsite(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

const files = () => readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
const gzippedBytes = (name: string) => gzipSync(readFileSync(join(directory, name)), { level: 9 }).length;

test(`the page's JavaScript is at most ${FIRST_LOAD_BYTES_MAX} bytes at first, and ${ALL_BYTES_MAX} in all`, () => {
  const scripts = files().filter((name) => name.endsWith(".js"));
  const bytes = (names: string[]) => names.map(gzippedBytes).reduce((sum, each) => sum + each, 0);
  const first = (language: string) =>
    scripts.filter((name) => !/\/(en|zh-cn|settings)-/.test(name) || name.includes(`/${language}-`));
  expect(scripts.length).toBeGreaterThan(3);
  for (const language of ["en", "zh-cn"]) expect(bytes(first(language))).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX);
  expect(bytes(scripts)).toBeLessThanOrEqual(ALL_BYTES_MAX);
});

test("the page names what never changes by its content, and nothing of it is inline", () => {
  const page = readFileSync(join(directory, "index.html"), "utf8");
  const [script, style] = [
    /src="\/(assets\/main-[A-Z0-9]+\.js)"/.exec(page),
    /href="\/(assets\/main-[A-Z0-9]+\.css)"/.exec(page),
  ];
  expect(files()).toContain(script?.[1]);
  expect(files()).toContain(style?.[1]);
  expect(page).not.toMatch(/<style|style=|\son[a-z]+=|<script(?![^>]*src=)/);
});

test("two builds of the same sources are the same", () => {
  const again = mkdtempSync(join(tmpdir(), "duet-website-"));
  bundleWebsite(again);
  const contents = (root: string) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "utf8")]);
  expect(contents(again)).toEqual(contents(directory));
  rmSync(again, { recursive: true });
});
