import { describe, expect, test } from "vitest";
import { formatCursor, parseCursor } from "../../../functions/protocol/cursor.ts";
import { Refusal, type RefusalCode } from "../../../functions/protocol/errors.ts";
import { messageIdMs, parseMessagePage, parseRowPage, parseSend, parseSync } from "../../../functions/protocol/wire.ts";

const ID = "01920a5f-1c00-7abc-8def-0123456789ab";

function refusal(action: () => unknown): { code: RefusalCode; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("It was not refused");
}

describe("the body of a send", () => {
  const body = (value: unknown) => JSON.stringify(value);

  test("[R6] the id comes in the body or in Idempotency-Key, in either case of letters", () => {
    expect(parseSend(body({ text: "hi" }), undefined)).toEqual({ text: "hi" });
    expect(parseSend(body({ text: "hi", id: ID.toUpperCase() }), undefined)).toEqual({ text: "hi", id: ID });
    expect(parseSend(body({ text: "hi" }), ID)).toEqual({ text: "hi", id: ID });
    expect(parseSend(body({ text: "hi", id: ID }), ID.toUpperCase())).toEqual({ text: "hi", id: ID });
    expect(parseSend(body({ text: "hi", id: ID }), "")).toEqual({ text: "hi", id: ID });
    expect(refusal(() => parseSend(body({ text: "hi", id: ID }), ID.replace("ab", "ac"))).code).toBe("invalid_id");
  });

  test.each(["", "x", "01920a5f-1c00-4abc-8def-0123456789ab", "01920a5f1c007abc8def0123456789ab"])(
    "an id that is no UUIDv7 is refused: %j",
    (id) => expect(refusal(() => parseSend(body({ text: "hi", id }), undefined)).code).toBe("invalid_id"),
  );

  test("[E4] an empty text, or one of white space alone, is refused", () => {
    for (const text of ["", " ", "\n\t\u3000\u00a0"])
      expect(refusal(() => parseSend(body({ text }), undefined)).code).toBe("empty_text");
    expect(parseSend(body({ text: " x\n" }), undefined).text).toBe(" x\n");
  });

  test("[E4] a text has at most 4,096 code points, however many code units they are", () => {
    for (const character of ["x", "字", "😀"]) {
      expect(parseSend(body({ text: character.repeat(4096) }), undefined).text).toHaveLength(4096 * character.length);
      const { code, message } = refusal(() => parseSend(body({ text: character.repeat(4097) }), undefined));
      expect(code).toBe("text_too_long");
      expect(message).toBe("A text has at most 4096 code points; this one has 4097.");
    }
  });

  test("[E4] half of a surrogate pair is refused", () => {
    expect(refusal(() => parseSend('{"text":"a\\ud800"}', undefined)).code).toBe("invalid_text");
  });

  test.each([
    [undefined, "It is empty; JSON was expected."],
    ["", "It is empty; JSON was expected."],
    ["{", "It is not JSON."],
    ["null", "object was expected; got null."],
    ["[]", "text is missing."],
    ['"hi"', 'object was expected; got "hi".'],
    ["{}", "text is missing."],
    ['{"text":5}', "text: string was expected; got 5."],
    ['{"text":"hi","id":7}', "id: string was expected; got 7."],
  ])("[E1] a body of %j is refused, and says why: %s", (given, message) => {
    expect(refusal(() => parseSend(given, undefined))).toEqual({ code: "invalid_body", message });
  });
});

test("the time inside a UUIDv7 is its first 48 bits", () => {
  expect(messageIdMs("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")).toBe(Date.parse("2022-02-22T19:22:22.000Z"));
});

describe("the page of a log", () => {
  test("[L1] the default is the newest 50", () => expect(parseMessagePage({})).toEqual({ limit: 50 }));

  test("[L1] before, after and limit are whole numbers within their bounds", () => {
    expect(parseMessagePage({ before: "7", limit: "1" })).toEqual({ before: 7, limit: 1 });
    expect(parseMessagePage({ after: "0", limit: "100" })).toEqual({ after: 0, limit: 100 });
    for (const query of [
      { limit: "0" },
      { limit: "101" },
      { limit: "1.5" },
      { limit: "" },
      { before: "0" },
      { after: "-1" },
    ])
      expect(refusal(() => parseMessagePage(query)).code).toBe("invalid_query");
    expect(refusal(() => parseMessagePage({ limit: "x" })).message).toBe(
      'limit is a whole number from 1 to 100; got "x".',
    );
    expect(refusal(() => parseMessagePage({ before: "2", after: "1" })).code).toBe("invalid_query");
  });
});

test("[L3] a page of the list of conversations has 1 to 1,000 rows", () => {
  expect(parseRowPage({})).toEqual({ limit: 200 });
  expect(parseRowPage({ limit: "1000", since: "5" })).toEqual({ limit: 1000, since: "5" });
  expect(refusal(() => parseRowPage({ limit: "1001" })).message).toBe(
    'limit is a whole number from 1 to 1000; got "1001".',
  );
});

const NOW_MS = 1_764_000_000_000;

describe("cursors", () => {
  test("[S4] a cursor from the future would hide every change until then, and is refused", () => {
    expect(parseCursor(`${NOW_MS + 5000}`, NOW_MS)).toEqual({ sinceMs: NOW_MS + 5000 });
    for (const cursor of [`${NOW_MS + 5001}`, `1.${NOW_MS + 5001}..bob`, "999999999999999"])
      expect(refusal(() => parseCursor(cursor, NOW_MS)).code).toBe("invalid_cursor");
  });

  test.each([
    { sinceMs: 0 },
    { sinceMs: 1764000000000 },
    { sinceMs: 0, page: { startedAtMs: 1764000000000, afterPeer: "o.brien@x.cn" } },
    { sinceMs: 5, page: { startedAtMs: 1764000000000, afterPeer: "张三", afterLastMs: 1763000000000 } },
  ])("[S4] a cursor is read as it was made: %j", (cursor) =>
    expect(parseCursor(formatCursor(cursor), NOW_MS)).toEqual(cursor),
  );

  test.each(["", "x", "-1", "1.2", "1.2.3", "1.2..", "1.2..%", "1.2..a%23b", "1".repeat(16), "1.2.x.bob"])(
    "[S4] a cursor that the server cannot have made is refused: %j",
    (cursor) => expect(refusal(() => parseCursor(cursor, NOW_MS)).code).toBe("invalid_cursor"),
  );
});

test("[E1] a sync frame is an object with its action, and perhaps a cursor", () => {
  expect(parseSync('{"action":"sync"}')).toEqual({});
  expect(parseSync('{"action":"sync","since":"5"}')).toEqual({ since: "5" });
  expect(refusal(() => parseSync('{"action":"sync","since":5}')).code).toBe("invalid_frame");
});
