import { describe, expect, test } from "vitest";
import { Refusal } from "../../../functions/protocol/errors.ts";
import { isUsername, parseUsername } from "../../../functions/protocol/username.ts";

describe("usernames", () => {
  test.each([
    "a",
    "alice",
    "张三",
    "o.brien@x.cn",
    "x_y+z-1",
    "__proto__",
    "...",
    "٣",
    "a".repeat(128),
    "𠀀".repeat(128),
  ])("[E5] takes %s", (name) => {
    expect(isUsername(name)).toBe(true);
    expect(parseUsername(name)).toBe(name);
  });

  test.each([".", "..", "", " ", "a b", "a#b", "a/b", "a?b", "😀", "a\u0000", "\ud800", "a".repeat(129), "½"])(
    "[E5] refuses %j, and says what it got",
    (name) => {
      expect(isUsername(name)).toBe(false);
      expect(() => parseUsername(name)).toThrow(Refusal);
      expect(() => parseUsername(name)).toThrow(
        /1 to 128 letters, digits or _ \. @ \+ -, and is not \. or \.\.; got "/,
      );
    },
  );

  test("[E5] a name that was typed in another normal form is the same name, but a token's claim has to be in NFC", () => {
    const decomposed = "e\u0301";
    expect(parseUsername(decomposed)).toBe("\u00e9");
    expect(isUsername(decomposed)).toBe(false);
  });
});
