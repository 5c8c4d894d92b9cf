import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { TableModel } from "../model.ts";
import { createClient } from "./client.ts";

/** The local engines have a table ready at once; another DynamoDB takes seconds. */
const ACTIVE_SECONDS_MAX = 60;

/**
 * Makes the tables that are missing and leaves alone those that are there, with their items. A repeat is safe.
 *
 * @throws Error naming every table whose key is not that of its model; then none has been made
 */
export async function createTables(options: { endpoint: string; tables: TableModel[] }): Promise<void> {
  const client = createClient(options.endpoint);
  try {
    const found = await Promise.all(
      options.tables.map(async (table) => ({ table, existing: await describe(client, table.tableName) })),
    );
    const differences = found.flatMap(({ table, existing }) => {
      const [actual, expected] = [existing && keyOf(existing), keyOf(modelKey(table))];
      if (actual === undefined || actual === expected) return [];
      return `${table.tableName} (${table.path}) has the key ${actual}, but the template says ${expected}`;
    });
    if (differences.length > 0) {
      throw new Error(
        `A table's key cannot be changed. ${differences.join("; ")}. Move the data directory away to start afresh, ` +
          "or give the table another name.",
      );
    }
    await Promise.all(found.map(({ table, existing }) => existing ?? create(client, table)));
  } finally {
    client.destroy();
  }
}

async function describe(client: DynamoDBClient, tableName: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: tableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function create(client: DynamoDBClient, table: TableModel): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: table.tableName,
      BillingMode: "PAY_PER_REQUEST",
      ...modelKey(table),
    }),
  );
  await waitUntilTableExists(
    { client, minDelay: 1, maxDelay: 2, maxWaitTime: ACTIVE_SECONDS_MAX },
    { TableName: table.tableName },
  );
}

function modelKey(table: TableModel): Required<Pick<TableDescription, "KeySchema" | "AttributeDefinitions">> {
  return {
    KeySchema: table.keySchema.map((key) => ({ AttributeName: key.attributeName, KeyType: key.keyType })),
    AttributeDefinitions: table.attributeDefinitions.map((definition) => ({
      AttributeName: definition.attributeName,
      AttributeType: definition.attributeType,
    })),
  };
}

/** `conversation (S, HASH), seq (N, RANGE)`; attributes of indexes are left out. */
function keyOf(table: Pick<TableDescription, "KeySchema" | "AttributeDefinitions">): string {
  const typeOf = (name: string | undefined) =>
    table.AttributeDefinitions?.find((definition) => definition.AttributeName === name)?.AttributeType;
  return (table.KeySchema ?? [])
    .map((key) => `${key.AttributeName} (${typeOf(key.AttributeName)}, ${key.KeyType})`)
    .join(", ");
}
