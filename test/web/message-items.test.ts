import { expect, test } from "vitest";
import type { ChatMessage } from "../../client/index.ts";
import { messageItems } from "../../web/app/message-items.ts";

const START = new Date(2026, 10, 24, 12).getTime();

function message(seq: number, sender: string, minutes: number, more: Partial<ChatMessage> = {}): ChatMessage {
  const createdAt = new Date(START + minutes * 60_000).toISOString();
  return {
    id: `id${seq}`,
    key: `key${seq}`,
    seq,
    sender,
    recipient: "me",
    text: `${seq}`,
    createdAt,
    state: "sent",
    refusal: undefined,
    ...more,
  };
}

/** Each line as a word; a group is in brackets. */
function shape(messages: ChatMessage[], newFromSeq?: number): string {
  return messageItems(messages, newFromSeq)
    .map((item) =>
      item.type === "message" ? `${item.isFirst ? "[" : ""}${item.message.seq}${item.isLast ? "]" : ""}` : item.type,
    )
    .join(" ");
}

test("messages of one sender within five minutes are a group", () => {
  expect(shape([message(1, "bob", 0), message(2, "bob", 4), message(3, "me", 4), message(4, "me", 9)])).toBe(
    "day [1 2] [3] [4]",
  );
});

test("a day begins with its name, and a group ends with the day", () => {
  expect(shape([message(1, "bob", 11 * 60 + 59), message(2, "bob", 12 * 60)])).toBe("day [1] day [2]");
});

test("what is new begins with a line of its own", () => {
  expect(shape([message(1, "bob", 0), message(2, "bob", 1), message(3, "bob", 2)], 2)).toBe("day [1] new [2 3]");
});

test("a message that failed ends its group, so that its note stands below it", () => {
  expect(shape([message(1, "me", 0, { state: "failed" }), message(2, "me", 0)])).toBe("day [1] [2]");
});

test("nothing is shown of nothing", () => {
  expect(messageItems([], 1)).toEqual([]);
});
