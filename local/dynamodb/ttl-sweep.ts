import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  paginateScan,
} from "@aws-sdk/client-dynamodb";
import type { Log, TableModel } from "../model.ts";
import { createClient } from "./client.ts";

/** So that what leans on it shows within seconds. DynamoDB itself takes up to a few days, and promises nothing ("Using time to live (TTL) in DynamoDB"). */
const INTERVAL_MS = 5_000;

/** What expired longer ago is taken for a mistake and stays, as in DynamoDB (the same page). */
const EXPIRED_SECONDS_MAX = 5 * 365 * 24 * 60 * 60;

/** A page is 1 MB. A sweep that reaches the bound leaves what comes after to DynamoDB's own promise: no promise. */
const PAGES_MAX = 1_000;

export interface TtlSweep {
  /** Deletes what has expired by now. Resolves with how many items that were; rejects if DynamoDB does not answer. */
  sweep(): Promise<number>;
  /** Stops the sweeps and waits for one under way. */
  close(): Promise<void>;
}

/**
 * Deletes expired items from time to time, which neither DynamoDB Local nor dynalite does: those whose `ttlAttribute`
 * is a number of seconds since the epoch that has passed, at most five years ago. An item that is given a later expiry
 * while a sweep runs stays.
 *
 * @param options.log gets the reason when a sweep fails, which the next interval tries again
 */
export function startTtlSweep(options: {
  endpoint: string;
  tables: TableModel[];
  intervalMs?: number | undefined;
  nowSeconds?: () => number;
  log?: Log;
}): TtlSweep {
  const { endpoint, tables, intervalMs = INTERVAL_MS, nowSeconds = () => Date.now() / 1000, log } = options;
  const client = createClient(endpoint);
  let running: Promise<number> | undefined;

  const sweepAll = async () => {
    let deleted = 0;
    for (const table of tables) deleted += await sweepTable({ client, table, now: Math.floor(nowSeconds()) });
    return deleted;
  };
  /** One at a time: a call during a sweep gets that one's result. */
  const sweep = () => {
    running ??= sweepAll().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => {
    sweep().catch((error) => log?.("dynamodb", `Expired items could not be deleted: ${error}`));
  }, intervalMs).unref();

  return {
    sweep,
    async close() {
      clearInterval(timer);
      await running?.catch(() => undefined); // The failure is the caller's, or has been logged.
      client.destroy();
    },
  };
}

async function sweepTable(options: { client: DynamoDBClient; table: TableModel; now: number }): Promise<number> {
  const { client, table, now } = options;
  if (table.ttlAttribute === undefined) return 0;
  const keyNames = table.keySchema.map((key) => key.attributeName);
  const names = Object.fromEntries(keyNames.map((name, index) => [`#key${index}`, name]));
  // A comparison with a number is false for every other type.
  const expired = {
    condition: "#ttl BETWEEN :oldest AND :now",
    names: { "#ttl": table.ttlAttribute },
    values: { ":oldest": { N: String(now - EXPIRED_SECONDS_MAX) }, ":now": { N: String(now) } },
  };
  const pages = paginateScan(
    { client },
    {
      TableName: table.tableName,
      FilterExpression: expired.condition,
      ProjectionExpression: Object.keys(names).join(", "),
      ExpressionAttributeNames: { ...expired.names, ...names },
      ExpressionAttributeValues: expired.values,
    },
  );
  let deleted = 0;
  let pageCount = 0;
  for await (const { Items = [] } of pages) {
    for (const key of Items) {
      const command = new DeleteItemCommand({
        TableName: table.tableName,
        Key: key,
        ConditionExpression: expired.condition,
        ExpressionAttributeNames: expired.names,
        ExpressionAttributeValues: expired.values,
      });
      const gone = await client.send(command).then(
        () => true,
        (error) => {
          if (error instanceof ConditionalCheckFailedException) return false;
          throw error;
        },
      );
      if (gone) deleted += 1;
    }
    pageCount += 1;
    if (pageCount === PAGES_MAX) break;
  }
  return deleted;
}
