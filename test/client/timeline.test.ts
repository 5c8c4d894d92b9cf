import fc from "fast-check";
import { expect, test } from "vitest";
import { HELD_MAX, Timeline } from "../../client/timeline.ts";
import type { Message } from "../../functions/protocol/wire.ts";

const message = (seq: number): Message => ({
  id: `id-${seq}`,
  seq,
  sender: "alice",
  recipient: "bob",
  text: `${seq}`,
  createdAt: "2026-01-01T00:00:00.000Z",
});
const seqs = (messages: readonly Message[]) => messages.map(({ seq }) => seq);

test("what comes early waits for what is missing, and a repeat joins nothing", () => {
  const timeline = new Timeline({ after: 0 });
  expect(seqs(timeline.add([message(1)]))).toEqual([1]);
  expect(timeline.add([message(3), message(4)])).toEqual([]);
  expect(timeline.missing).toEqual({ after: 1 });
  expect(timeline.add([message(1)])).toEqual([]);
  expect(seqs(timeline.add([message(2)]))).toEqual([2, 3, 4]);
  expect(timeline.missing).toBeUndefined();
  timeline.reach(6);
  expect(timeline.missing).toEqual({ after: 4 });
});

test("without a beginning the newest page is wanted, and earlier ones may follow", () => {
  const timeline = new Timeline();
  timeline.add([message(9)]);
  expect([timeline.missing, timeline.earlier, seqs(timeline.messages)]).toEqual([{ newest: true }, undefined, []]);
  expect(seqs(timeline.open([message(7), message(8)]))).toEqual([7, 8, 9]);
  expect(timeline.earlier).toEqual({ before: 7 });
  expect(seqs(timeline.add([message(5), message(6)]))).toEqual([5, 6]);
  timeline.add([1, 2, 3, 4].map(message));
  expect([timeline.earlier, seqs(timeline.messages)]).toEqual([undefined, [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  const empty = new Timeline();
  expect([empty.open([]), empty.missing, empty.earlier]).toEqual([[], undefined, undefined]);
});

test("what waits is bounded: the nearest are kept, and the others are fetched when their turn comes", () => {
  const timeline = new Timeline({ after: 0 });
  for (let seq = HELD_MAX + 100; seq >= 2; seq--) timeline.add([message(seq)]);
  expect(timeline.add([message(1)])).toHaveLength(HELD_MAX + 1);
  expect(timeline.missing).toEqual({ after: HELD_MAX + 1 });
});

test("in any order and however often, the run has no gap, and ends whole", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 }), (given) => {
      const timeline = new Timeline({ after: 0 });
      const joined = given.flatMap((seq) => timeline.add([message(seq)]));
      expect(seqs(joined)).toEqual(seqs(timeline.messages));
      expect(seqs(joined)).toEqual(joined.map((_, index) => index + 1));
      timeline.add(Array.from({ length: 30 }, (_, index) => message(index + 1)));
      expect(timeline.messages).toHaveLength(30);
    }),
  );
});
