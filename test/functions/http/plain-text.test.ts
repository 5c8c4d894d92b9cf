import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainText } from "../../../functions/http/plain-text.ts";

/** What the service before this one made of markup: `out`, or an `error` that it raised. */
interface Vector {
  in: string;
  out?: string;
}

const VECTORS: Vector[] = JSON.parse(readFileSync(new URL("gettext-vectors.json", import.meta.url), "utf8")).vectors;

/** Where the original is at fault. Everywhere else its text is the expected one. */
const DIFFERENCES = [
  { markup: "AT&T", text: "AT&T", reason: "an & before the last letter is not lost" },
  { markup: "&foo;", text: "&foo;", reason: "the semicolon of an unknown name is not lost" },
  {
    markup: "&notit;",
    text: "&notit;",
    reason: "the semicolon of a name that only begins like a known one is not lost",
  },
  { markup: "&#xD800;", text: "\uFFFD", reason: "half a surrogate pair is no character" },
  { markup: "<![x[y]]>z", text: "<![x[y]]>z", reason: "a section of unknown kind is no error" },
];

test("[E6] text is what the original took from the same markup, but for its faults", () => {
  const faults = new Set(DIFFERENCES.map(({ markup }) => markup));
  const differing = VECTORS.filter((vector) => !faults.has(vector.in) && plainText(vector.in) !== vector.out);
  expect(differing).toEqual([]);
  expect(VECTORS).toHaveLength(141);
});

test.each(DIFFERENCES)("[E6] $reason: $markup", ({ markup, text }) => {
  const vector = VECTORS.find((candidate) => candidate.in === markup);
  expect(vector).toBeDefined();
  expect(vector?.out).not.toBe(text);
  expect(plainText(markup)).toBe(text);
});

describe("what is not markup stays as typed", () => {
  test.each([
    ["Q&A"],
    ["fish & chips &"],
    ["  \n \t\n"],
    ["&#x; &#; &#xg; &#12"],
    ["&nosuchname; &nosuchname &a-b;"],
    ["&lt"],
    ["&lt3 &copy2024 &#65a"],
    ["1<2 && 3>2"],
    ["<3 <- <= <@you>"],
    ["<![foo]>"],
    ["<![ ]]>"],
    ["<![CDATA[x]>"],
    ["<"],
    ["<b"],
    ["x</b y"],
    ["<!-- no end"],
    ["<?php no end"],
  ])("%j", (typed) => {
    expect(plainText(typed)).toBe(typed);
  });

  test("white space alone is not collapsed between tags", () => {
    expect(plainText("a<b>  \n </b>b")).toBe("a  \n b");
  });

  test("a tag without end is text up to the next >, where reading goes on", () => {
    expect(plainText('<a href="x>y<b>z</b>')).toBe('<a href="x>yz');
    expect(plainText("<!-- &amp; > &amp;")).toBe("<!-- &amp; > &");
  });

  test("reading goes on after references that are malformed", () => {
    expect(plainText("&#x;&#x;<b>&lt;</b>")).toBe("&#x;&#x;<");
  });
});

describe("start tags end where html.parser ends them", () => {
  test.each([
    ["in quotes > is no end", "<a b='>' c = \">\" d>x", "x"],
    ["quotes are part of a value that does not begin with one", "<a b=c'>x'", "x'"],
    ["= may be doubled", '<a b==">">x', "x"],
    ["a quote that nothing closes leaves the tag without end right after =", '<a b="c>x', '<a b="c>x'],
    ["and is a letter elsewhere", '<a b= "c>x', "x"],
    ["between attributes a quote is a letter", '<a b="c""d>x', "x"],
    ["a tag may close itself", "<template/>x", "x"],
    ["not with a value's last letter", "<template b=c/>x", ""],
    ["nor where a quote after == is never closed", "<template b=='/>x", ""],
    ["nor with white space after the slash", "<template / >x", ""],
  ])("%s: %s", (_, markup, text) => {
    expect(plainText(markup)).toBe(text);
  });
});

describe("hidden elements", () => {
  test.each([
    ["hide what is nested in them", "<template>a<b>b</b>c</template>d", "d"],
    ["end with an element around them", "<b><rt>x</b>y", "y"],
    ["do not end with one inside them of the same name as one around them", "<b><rt><b>x</b>y</rt>z</b>", "z"],
    ["last to the end of the markup", "a<rp>b<i>c</i>", "a"],
    ["end with an end tag that has a space", "<template>x</ template >y", "y"],
    ["show CDATA", "<template>x<![CDATA[<y>]]></template>", "<y>"],
    ["that hold no tags end at their end tag only", "<script>'</style><b>'</b></SCRIPT >x", "x"],
  ])("%s: %s", (_, markup, text) => {
    expect(plainText(markup)).toBe(text);
  });
});

describe("references", () => {
  test.each([
    ["need no semicolon before what cannot belong to them", "&lt;&alpha &copy=&#65<b>", "<α ©=A"],
    ["are read as windows-1252 between 128 and 159", "&#128;&#x93;&#129;", "€“\u0081"],
    ["may stand for two characters", "&ngE;", "≧̸"],
    ["beyond Unicode stand for U+FFFD", `&#x110000;&#${"9".repeat(5000)};&#xD83D;&#xDE00;`, "\uFFFD".repeat(4)],
    ["are decoded once", "&amp;amp;amp;", "&amp;amp;"],
    ["know the case of their name", "&Alpha;&alpha;&ALPHA;", "Αα&ALPHA;"],
  ])("%s", (_, markup, text) => {
    expect(plainText(markup)).toBe(text);
  });
});

describe("comments and declarations", () => {
  test.each([
    ["a comment ends at -- and >, with white space between", "<!-- a -- \n>b<!-- c --!> d -->e", "be"],
    ["no comment ends where it begins", "<!-->a-->b", "b"],
    ["a section of any case ends at its brackets", "<![cdata[<b>] ]\n>x<![Temp x]]>y", "<b>xy"],
    ["an empty CDATA section is a space", "a<![CDATA[]]>b", "a b"],
    ["a condition ends at its bracket", "<![if !IE]>x<![ENDIF]>", "x"],
    ["all others end at >", "<!>a<!x '>'b<? > c", "a'b c"],
  ])("%s: %j", (_, markup, text) => {
    expect(plainText(markup)).toBe(text);
  });
});

describe("64 KiB of whatever is hostile", () => {
  const LENGTH = 65_536;
  const filled = (part: string, end = "") => part.repeat((LENGTH - end.length) / part.length) + end;

  test.each([
    "<",
    "</",
    "<!--",
    "<!--x>",
    "<![CDATA[",
    "<![CDATA[>",
    "<?",
    "<a",
    "<a ",
    "<a '",
    "<a b='",
    "<a b==",
    "&",
    "&#",
    "&a-a",
    "&#x;",
    "-- ",
    "] ",
  ])("stays as typed: %j", (part) => {
    expect(plainText(filled(part))).toBe(filled(part));
  });

  test("a quoted > ends no tag, and is where reading goes on", () => {
    expect(plainText(filled("<a b='>'"))).toBe(filled("<a b='>'"));
    expect(plainText(filled("<a b =='>'"))).toBe(filled("<a b =='>'"));
  });

  test("tags, however deep", () => {
    expect(plainText(filled("<b>", "x"))).toBe("x");
    expect(plainText(filled("<rt>", "x"))).toBe("");
    expect(plainText(`${"<b>".repeat(9_000)}x${"</i>".repeat(9_000)}y`)).toBe("xy");
    expect(plainText(`<${"a".repeat(LENGTH)}>x`)).toBe("x");
    expect(plainText(`<a${filled(" b==c", ">")}x`)).toBe("x");
  });

  test("references", () => {
    expect(plainText(filled("&lt;"))).toBe("<".repeat(LENGTH / 4));
    expect(plainText(`&#${"1".repeat(LENGTH)};`)).toBe("\uFFFD");
    expect(plainText(`&${"a".repeat(LENGTH)};`)).toBe(`&${"a".repeat(LENGTH)};`);
  });
});

describe("whatever the markup", () => {
  const fragment = fc.oneof(
    fc.constantFrom("<", ">", "</", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<!", "&", "&#", ";", "&#xD83D;", "&amp;"),
    fc.constantFrom("<a ", "b=", '"', "'", "<b>", "</b>", "<br/>", "<script>", "</script>", "<rt>", "</rt>"),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  );
  const markup = fc.array(fragment, { maxLength: 30 }).map((fragments) => fragments.join(""));

  test("well-formed markup gives well-formed text", () => {
    fc.assert(fc.property(markup, (typed) => plainText(typed).isWellFormed()));
  });

  test("text without < and & comes back as it is", () => {
    const text = fc.string({ unit: "binary" }).filter((typed) => !/[<&]/.test(typed));
    fc.assert(fc.property(text, (typed) => plainText(typed) === typed));
  });

  test("escaped text comes back as it was", () => {
    const text = fc.string({ unit: "grapheme" });
    const escaped = (typed: string) => typed.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    fc.assert(fc.property(text, (typed) => plainText(escaped(typed)) === typed));
  });
});
