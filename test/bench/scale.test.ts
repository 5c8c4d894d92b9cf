import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ASSUMED } from "../../bench/bill.ts";
import { BACKOFF_MS_MAX, celebrity, load, need, QUOTAS, shards, storm } from "../../bench/scale-model.ts";
import { withTables } from "../../bench/scale-tables.ts";
import { backoffMs } from "../../client/backoff.ts";
import { HEARTBEAT_MS } from "../../client/session-state.ts";
import { CONNECTION_LIFE_MS_MAX } from "../../functions/protocol/limits.ts";
import { THROTTLE_DEFAULT } from "../../lib/throttles.ts";

const document = readFileSync(fileURLToPath(new URL("../../docs/scale.md", import.meta.url)), "utf8");

test("the tables of docs/scale.md are those of the model", () => {
  expect(withTables(document)).toBe(document);
});

test("a document without the marks is refused", () => {
  expect(() => withTables("nothing")).toThrow("docs/scale.md needs the marks");
});

test("what the model takes from the code is what the code does", () => {
  expect(QUOTAS.routeRequestsPerSecond).toBe(THROTTLE_DEFAULT.requestsPerSecond);
  expect(backoffMs(100, () => 1)).toBe(BACKOFF_MS_MAX);
  expect(ASSUMED.socketHours * 3_600_000).toBe(CONNECTION_LIFE_MS_MAX);
  // Less up to an eighth, which is a sixteenth on the average.
  expect(HEARTBEAT_MS * (15 / 16)).toBe(ASSUMED.syncMinutes * 60_000);
});

test("a hundred times the users are a hundred times the load", () => {
  const [one, hundred] = [load(1e6), load(1e8)];
  for (const name of Object.keys(one) as (keyof typeof one)[]) expect(hundred[name] / one[name]).toBeCloseTo(100, 6);
  expect(one.connects).toBeCloseTo(1e6 / 7200, 6);
});

test("shards keep each quota below what is granted", () => {
  for (const users of [1e6, 1e8])
    for (const granted of [1, 10]) {
      const { "our own throttle of the route that sends": _, ...theirs } = need(users / shards(users, granted));
      expect(Math.max(...Object.values(theirs))).toBeLessThanOrEqual(granted);
    }
});

test("a storm is over when all have come through the door", () => {
  expect(storm(1e6, 500).minutes * 60 * 500).toBeCloseTo(1e6, 6);
  expect(storm(1e6, storm(1e6, 1).perSecondForFiveMinutes).minutes).toBeCloseTo(5, 6);
});

test("a celebrity is bounded by one partition", () => {
  expect(celebrity().messagesTaken).toBe(QUOTAS.partitionWritesPerSecond);
  expect(celebrity().minutesToWriteToAMillion * 60 * celebrity().messagesSent).toBeCloseTo(1e6, 6);
});
