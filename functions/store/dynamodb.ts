import { ConditionalCheckFailedException, DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import { refuseLate } from "./invocation.ts";

/** One table, and the client to reach it with. */
export interface Table {
  client: DynamoDBDocumentClient;
  tableName: string;
}

/**
 * A client with bounds: 3 attempts, 2 s to connect and 3 s to answer for each. Where DynamoDB is comes from the SDK's own environment, unless
 * `config` says it.
 */
export function createDocumentClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    ...config,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 3000, throwOnRequestTimeout: true },
  });
  // Inside of the SDK's retries, which are added with the priority "high".
  client.middlewareStack.add(
    (next) => (args) => {
      refuseLate();
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "refuseLate" },
  );
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** Runs a conditional write; false where its condition did not hold. */
export async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** A page ends at 1 MB (DynamoDB's Query); a reading that needs more of them than this is a fault of ours. */
const QUERY_PAGES_MAX = 50;

/** The items of a query, page after page, until there are `limit` of them or no more. */
export async function queryItems<Item>(
  { client, tableName }: Table,
  query: Omit<QueryCommandInput, "TableName" | "Limit" | "ExclusiveStartKey">,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let start: Record<string, unknown> | undefined;
  for (let page = 0; page < QUERY_PAGES_MAX; page++) {
    const output = await client.send(
      new QueryCommand({
        ...query,
        TableName: tableName,
        ExclusiveStartKey: start,
        ...(Number.isFinite(limit) ? { Limit: limit - items.length } : {}),
      }),
    );
    items.push(...((output.Items ?? []) as Item[]));
    start = output.LastEvaluatedKey;
    if (start === undefined || items.length >= limit) return items;
  }
  throw new Error(`A query of ${tableName} did not end within ${QUERY_PAGES_MAX} pages`);
}
