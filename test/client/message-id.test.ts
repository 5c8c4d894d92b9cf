import fc from "fast-check";
import { validate, version } from "uuid";
import { expect, test } from "vitest";
import { messageIdMs, newMessageId } from "../../client/message-id.ts";
import { parseSend } from "../../functions/protocol/wire.ts";

test("an id is a UUIDv7 of its time, as the package uuid and the server read it, and never the same", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (ms) => {
      const id = newMessageId(ms);
      seen.add(id);
      expect([validate(id), version(id), messageIdMs(id)]).toEqual([true, 7, ms]);
      expect(parseSend(JSON.stringify({ text: "hi", id }), undefined).id).toBe(id);
    }),
    { numRuns: 1000 },
  );
  expect(seen.size).toBe(1000);
});

test("every bit that is not time, version or variant is random", () => {
  const digits = Array.from({ length: 2000 }, () => newMessageId(0).replaceAll("-", ""));
  for (let place = 0; place < 32; place++) {
    const kinds = new Set(digits.map((each) => each[place])).size;
    expect([place, kinds]).toEqual([place, place < 12 || place === 12 ? 1 : place === 16 ? 4 : 16]);
  }
});
