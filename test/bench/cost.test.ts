import { expect, test } from "vitest";
import { bill, connectionHours, levers, message, total } from "../../bench/bill.ts";
import { COUNTED, DOLLARS } from "../../bench/counted.ts";
import type { Use } from "../../bench/metered-system.ts";
import { type OperationName, useOfOperations } from "../../bench/operations.ts";
import { AWS, cost, OTHERS } from "../../bench/prices.ts";
import { offers } from "../../bench/rivals.ts";

test("every operation takes what bench/counted.ts says, and costs it", async () => {
  const uses = await useOfOperations(() => undefined);
  const counted = Object.fromEntries(
    Object.entries(uses).map(([name, { requests: dynamoDbRequests, read, write, frames, invocations }]) => [
      name,
      { dynamoDbRequests, read, write, frames, invocations },
    ]),
  );
  expect(counted).toEqual(COUNTED);
  expect(uses["send to one device"].write).toBeLessThanOrEqual(3);
  expect(uses["send to one device"].read).toBeLessThanOrEqual(6);
  // The metrics' line has numbers of ms in it, and so not always the same length.
  expect(total(message(uses))).toBeCloseTo(DOLLARS.message, 1);
  expect(total(connectionHours(uses)) / DOLLARS.connectionHour).toBeCloseTo(1, 1);
}, 240_000);

const USE: Use = {
  requests: 7,
  read: 6,
  write: 3,
  httpRequests: 1,
  invocations: 1,
  frames: 1,
  logBytes: 700,
  bytesOut: 1000,
  localMs: 50,
};
const USES = Object.fromEntries(Object.keys(COUNTED).map((name) => [name, USE])) as Record<OperationName, Use>;

test("a million of what is charged costs its price", () => {
  expect(bill("send to one device", USE)).toMatchObject({
    "HTTP API": 1,
    "DynamoDB writes": 1.875,
    "DynamoDB reads": 0.75,
    "WebSocket frames": 1,
    "bytes out": 0.09,
  });
  expect(cost(AWS.connectionMinute, 60e6)).toBe(15);
});

test("each price has a day and a source, and says where it is only remembered", () => {
  for (const { asOf, source, dollars, per } of Object.values({ ...AWS, ...OTHERS })) {
    expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(source).toMatch(/^https:\/\/.+/);
    expect(Math.min(dollars, per)).toBeGreaterThan(0);
  }
});

test("no lever takes off more than there is, and each offer is of the same month", () => {
  const all = total(message(USES));
  for (const off of Object.values(levers(USES))) expect(off).toBeLessThan(all);
  expect(offers(USES).map(({ name }) => name)).toEqual([
    "Duet",
    "AppSync Events + table",
    "Ably + table",
    "Pusher + table",
    "Stream",
  ]);
  for (const { month } of offers(USES)) expect(month).toBeGreaterThan(0);
});
