import { expect, test } from "vitest";
import { Ledger, sum } from "../../bench/ledger.ts";
import { quantiles } from "../../bench/quantiles.ts";

const entry = (seq: number, text: string, createdAt = `2026-01-01T00:00:00.00${seq}Z`) => ({ seq, text, createdAt });

function ledgerOf(sends: [text: string, seq: number][], pushes: [text: string, seq: number][] = sends): Ledger {
  const ledger = new Ledger();
  for (const [text, seq] of sends) ledger.acknowledge(text, seq);
  for (const [text, seq] of pushes) ledger.push(text, seq);
  return ledger;
}

test("what is acknowledged, pushed and in the log is no fault", () => {
  const ledger = ledgerOf([
    ["a", 1],
    ["b", 2],
  ]);
  expect(ledger.outstanding).toBe(0);
  expect(ledger.audit([entry(1, "a"), entry(2, "b")])).toEqual({ lost: 0, doubled: 0, outOfOrder: 0 });
});

test.each([
  [
    "it is not in the log",
    ledgerOf([
      ["a", 1],
      ["b", 2],
    ]),
    [entry(1, "a")],
  ],
  [
    "it was never pushed",
    ledgerOf(
      [
        ["a", 1],
        ["b", 2],
      ],
      [["a", 1]],
    ),
    [entry(1, "a"), entry(2, "b")],
  ],
  ["it was pushed with another number", ledgerOf([["a", 1]], [["a", 2]]), [entry(1, "a")]],
])("an acknowledged message is lost where %s", (_why, ledger, log) => {
  expect(ledger.audit(log)).toMatchObject({ lost: 1 });
});

test("a message is doubled where the log has it twice", () => {
  expect(ledgerOf([]).audit([entry(1, "a"), entry(2, "a")])).toEqual({ lost: 0, doubled: 1, outOfOrder: 0 });
});

test("numbers with a gap, and times that go back, are out of order", () => {
  expect(ledgerOf([]).audit([entry(1, "a"), entry(3, "b")])).toMatchObject({ outOfOrder: 1 });
  expect(ledgerOf([]).audit([entry(1, "a", "2026-02"), entry(2, "b", "2026-01")])).toMatchObject({ outOfOrder: 1 });
});

test("pushes that come twice or late are counted apart, since clients put them right", () => {
  const sends: [string, number][] = [
    ["a", 1],
    ["b", 2],
  ];
  const ledger = ledgerOf(sends, [
    ["b", 2],
    ["a", 1],
    ["a", 1],
  ]);
  expect(ledger.pushes).toEqual({ repeated: 1, overtaken: 1 });
  expect(ledger.audit([entry(1, "a"), entry(2, "b")])).toEqual({ lost: 0, doubled: 0, outOfOrder: 0 });
});

test("faults of many pairs are added up", () => {
  const one = { lost: 1, doubled: 0, outOfOrder: 2 };
  expect(sum([])).toEqual({ lost: 0, doubled: 0, outOfOrder: 0 });
  expect(sum([one, one])).toEqual({ lost: 2, doubled: 0, outOfOrder: 4 });
});

test("quantiles are by nearest rank: of 1 to 100, of one value, of none", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantiles(values)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  expect(quantiles([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
  expect(quantiles([])).toMatchObject({ count: 0, p50: Number.NaN });
});
