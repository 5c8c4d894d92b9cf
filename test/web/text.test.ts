import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { countCodePoints } from "../../functions/protocol/code-points.ts";
import { isEmojiOnly } from "../../web/text/emoji.ts";
import { hue, initials } from "../../web/text/initials.ts";
import { splitLinks } from "../../web/text/links.ts";
import { dayName, shortTime, todayMs } from "../../web/text/times.ts";

describe("links", () => {
  const hrefs = (text: string) => splitLinks(text).flatMap((part) => (typeof part === "string" ? [] : [part.href]));

  test.each([
    ["see https://a.example/x?y=1#z.", ["https://a.example/x?y=1#z"]],
    ["www.example.com and me@example.com", ["http://www.example.com/", "mailto:me@example.com"]],
    ["(https://en.wikipedia.org/wiki/A_(b))", ["https://en.wikipedia.org/wiki/A_(b)"]],
    ["看 https://例子.cn/路，好", ["https://xn--fsqu00a.cn/%E8%B7%AF"]],
    ["nothing here: 3.14, a.b, 1.2.3.4", []],
  ])("%s", (text, expected) => expect(hrefs(text)).toEqual(expected));

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "ftp://example.com/x",
    "//example.com/x",
    "vbscript:x",
  ])("%s leads nowhere but to http, https and mailto", (text) => {
    for (const href of hrefs(text)) expect(href).toMatch(/^(https?|mailto):/);
    expect(hrefs(text).some((href) => /^(javascript|data|file|ftp|vbscript):/.test(href))).toBe(false);
  });

  test.each(["", "a", "https://a.example", "x https://a.example y me@b.example z", "<b>https://a.example</b>"])(
    "all parts of %j together are the text",
    (text) => {
      const together = splitLinks(text).map((part) => (typeof part === "string" ? part : part.text));
      expect(together.join("")).toBe(text);
    },
  );
});

describe("emoji", () => {
  test.each(["😀", "👩‍👩‍👧‍👦", "🇨🇳🇩🇪", " 😀 😀 ", "👍🏽", "❤️", "😀😀😀😀😀😀"])("%s is large", (text) => {
    expect(isEmojiOnly(text)).toBe(true);
  });
  test.each(["", " ", "1", "a😀", "😀😀😀😀😀😀😀", "©", "#", "😀!", "x".repeat(5000)])("%j is text", (text) => {
    expect(isEmojiOnly(text)).toBe(false);
  });
  test("code points are counted as the protocol counts them", () => {
    expect(countCodePoints("a😀é张")).toBe(4);
  });
});

describe("in the place of a picture", () => {
  test.each([
    ["alice", "A"],
    ["Ada Lovelace", "AL"],
    ["o.brien@x.cn", "OB"],
    ["张三", "张"],
    ["Li 李 Wei", "李"],
    ["éa", "É"],
    ["...", ""],
  ])("%s: %s", (name, expected) => expect(initials(name)).toBe(expected));

  test("a username always has the same hue", () => {
    expect(hue("alice")).toBe(hue("alice"));
    expect(new Set(["alice", "bob", "carol", "张三"].map(hue)).size).toBeGreaterThan(2);
    for (const name of ["", "a", "z".repeat(128)]) expect(hue(name)).toBeGreaterThanOrEqual(0);
  });
});

describe("days", () => {
  const words = { today: "Today", yesterday: "Yesterday" };
  const local = (...parts: [number, number, number, number]) => new Date(...parts).toISOString();

  beforeEach(() => {
    todayMs.value = new Date(2026, 10, 25).getTime();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    [local(2026, 10, 25, 0), "Today"],
    [local(2026, 10, 24, 23), "Yesterday"],
    [local(2026, 10, 23, 12), "Monday"],
    [local(2026, 10, 19, 0), "Thursday"],
    [local(2026, 10, 18, 23), "November 18"],
    [local(2025, 10, 25, 12), "November 25, 2025"],
  ])("%s is %s", (iso, expected) => expect(dayName("en", iso, words)).toBe(expected));

  test("in Chinese", () => {
    expect(dayName("zh-CN", local(2026, 10, 23, 12), words)).toBe("星期一");
    expect(dayName("zh-CN", local(2025, 10, 25, 12), words)).toBe("2025年11月25日");
  });

  test("the list shows the time of today and the day of what is older", () => {
    expect(shortTime("zh-CN", local(2026, 10, 25, 9), words)).toBe("09:00");
    expect(shortTime("en", local(2026, 10, 24, 9), words)).toBe("Yesterday");
    expect(shortTime("en", local(2026, 10, 22, 9), words)).toBe("Sun");
    expect(shortTime("en", local(2026, 2, 5, 9), words)).toBe("Mar 5");
  });

  test("yesterday is yesterday when the clocks are changed", () => {
    const springMs = new Date(2026, 2, 29).getTime();
    todayMs.value = new Date(2026, 2, 30).getTime();
    expect(dayName("en", new Date(springMs + 60_000).toISOString(), words)).toBe("Yesterday");
  });
});
