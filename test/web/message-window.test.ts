import { describe, expect, test } from "vitest";
import { bounds, earlier, later, type MessageWindow, NEWEST, PAGE, WINDOW_MAX } from "../../web/app/message-window.ts";

const log = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => ({ key: `${from + index}` }));

/** The keys that are shown. */
function shown(messages: { key: string }[], window: MessageWindow): [string | undefined, string | undefined] {
  const { start, end } = bounds(messages, window);
  return [messages[start]?.key, messages[end - 1]?.key];
}

describe("the window on the messages", () => {
  test("begins with the newest page", () => {
    expect(shown(log(0, 1000), NEWEST)).toEqual([`${1000 - PAGE}`, "999"]);
    expect(bounds([], NEWEST)).toEqual({ start: 0, end: 0 });
    expect(shown(log(0, 3), NEWEST)).toEqual(["0", "2"]);
  });

  test("follows what comes while nothing earlier was asked for", () => {
    expect(shown(log(0, 1001), NEWEST)).toEqual([`${1001 - PAGE}`, "1000"]);
  });

  test("goes a page back at a time, and never holds more than its maximum", () => {
    const messages = log(0, 1000);
    let window = NEWEST;
    for (let pages = 0; pages < 30; pages++) {
      const [firstBefore] = shown(messages, window);
      window = earlier(messages, window);
      const { start, end } = bounds(messages, window);
      expect(end - start).toBeLessThanOrEqual(WINDOW_MAX);
      expect(start).toBe(Math.max(0, Number(firstBefore) - PAGE));
    }
    expect(shown(messages, window)[0]).toBe("0");
    for (let pages = 0; pages < 30; pages++) window = later(messages, window);
    expect(shown(messages, window)).toEqual([`${1000 - WINDOW_MAX}`, "999"]);
  });

  test("stays where it is when messages are put before it and after it", () => {
    const window = earlier(log(100, 1000), earlier(log(100, 1000), NEWEST));
    const before = shown(log(100, 1000), window);
    expect(shown(log(0, 1000), window)).toEqual(before);
    // There is room at its end for what comes, up to the maximum.
    expect(shown(log(0, 1010), window)).toEqual([before[0], "1009"]);
    expect(shown(log(0, 5000), window)[0]).toBe(before[0]);
  });

  test("is the newest page again when what it names is gone", () => {
    expect(shown(log(0, 100), { first: "gone", last: "gone too" })).toEqual(["40", "99"]);
  });
});
