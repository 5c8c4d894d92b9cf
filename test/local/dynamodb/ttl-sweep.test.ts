import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createTables } from "../../../local/dynamodb/tables.ts";
import { startTtlSweep } from "../../../local/dynamodb/ttl-sweep.ts";
import type { TableModel } from "../../../local/model.ts";
import { documentsAt, NOTES, start } from "./fixture.ts";

// A JVM that starts while every core is busy needs its time.
vi.setConfig({ testTimeout: 120_000 });

const NOW = 1_800_000_000;
const FIVE_YEARS = 5 * 365 * 24 * 60 * 60;
const { ttlAttribute: _none, ...withoutTtl } = { ...NOTES, tableName: "Kept" };
const KEPT: TableModel = withoutTtl;

describe.each(["java", "dynalite"] as const)("the TTL sweep on %s", (engine) => {
  async function tables() {
    const dynamoDb = await start({ engine });
    await createTables({ endpoint: dynamoDb.endpoint, tables: [NOTES, KEPT] });
    const documents = documentsAt(dynamoDb);
    return {
      endpoint: dynamoDb.endpoint,
      put: (tableName: string, item: Record<string, unknown>) =>
        documents.send(new PutCommand({ TableName: tableName, Item: { owner: "a", ...item } })),
      numbers: async (tableName: string) => {
        const { Items = [] } = await documents.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
        return Items.map(({ number }) => number).sort((a, b) => a - b);
      },
    };
  }

  it("deletes what has expired, and nothing else", async () => {
    const { endpoint, put, numbers } = await tables();
    const expiries = [NOW - 1, NOW + 1, `${NOW - 1}`, undefined, NOW - FIVE_YEARS, NOW - FIVE_YEARS - 1, 0];
    for (const [number, expiresAt] of expiries.entries()) await put("Notes", { number, expiresAt });
    await put("Kept", { number: 0, expiresAt: NOW - 1 });

    const { sweep, close } = startTtlSweep({ endpoint, tables: [NOTES, KEPT], nowSeconds: () => NOW });
    onTestFinished(close);
    expect(await sweep()).toBe(2);
    expect(await numbers("Notes")).toEqual([1, 2, 3, 5, 6]);
    expect(await numbers("Kept")).toEqual([0]);
    expect(await sweep()).toBe(0);
  });

  it("leaves an item that is written again while it runs", async () => {
    const { endpoint, put, numbers } = await tables();
    const total = 300;
    await Promise.all(Array.from({ length: total }, (_, number) => put("Notes", { number, expiresAt: NOW - 1 })));

    const { sweep, close } = startTtlSweep({ endpoint, tables: [NOTES], nowSeconds: () => NOW });
    onTestFinished(close);
    const sweeping = sweep();
    // Once the first is gone all have been read, and the last is still to be deleted.
    await expect.poll(async () => (await numbers("Notes"))[0], { interval: 1, timeout: 10_000 }).toBeGreaterThan(0);
    await put("Notes", { number: total - 1, expiresAt: NOW + 1 });
    expect(await sweeping).toBe(total - 1);
    expect(await numbers("Notes")).toEqual([total - 1]);
  });

  it("runs by itself, and logs a sweep that fails", async () => {
    const { endpoint, put, numbers } = await tables();
    await put("Notes", { number: 1, expiresAt: NOW - 1 });
    const lines: string[] = [];
    const { close } = startTtlSweep({
      endpoint,
      tables: [NOTES, { ...NOTES, tableName: "Missing" }],
      intervalMs: 50,
      nowSeconds: () => NOW,
      log: (_source, line) => lines.push(line),
    });
    onTestFinished(close);
    await expect.poll(() => numbers("Notes"), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => lines[0], { timeout: 10_000 }).toContain("Expired items could not be deleted");
  });
});
