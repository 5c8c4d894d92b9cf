import { DescribeTableCommand, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it, vi } from "vitest";
import { createTables } from "../../../local/dynamodb/tables.ts";
import type { TableModel } from "../../../local/model.ts";
import { documentsAt, NOTES, start } from "./fixture.ts";

// A JVM that starts while every core is busy needs its time.
vi.setConfig({ testTimeout: 120_000 });

const OWNERS: TableModel = {
  path: "Sample/Owners/Resource",
  tableName: "Owners",
  keySchema: [{ attributeName: "owner", keyType: "HASH" }],
  attributeDefinitions: [{ attributeName: "owner", attributeType: "S" }],
};

describe.each(["java", "dynalite"] as const)("createTables on %s", (engine) => {
  it("makes the tables that are missing and leaves the others with their items", async () => {
    const dynamoDb = await start({ engine });
    const documents = documentsAt(dynamoDb);
    const { endpoint } = dynamoDb;
    await createTables({ endpoint, tables: [NOTES] });
    const item = { owner: "a", number: 1 };
    await documents.send(new PutCommand({ TableName: "Notes", Item: item }));

    await createTables({ endpoint, tables: [NOTES, OWNERS] });
    expect((await documents.send(new ListTablesCommand({}))).TableNames).toEqual(["Notes", "Owners"]);
    expect((await documents.send(new GetCommand({ TableName: "Notes", Key: item }))).Item).toEqual(item);
    const { Table } = await documents.send(new DescribeTableCommand({ TableName: "Owners" }));
    expect(Table).toMatchObject({
      TableStatus: "ACTIVE",
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      KeySchema: [{ AttributeName: "owner", KeyType: "HASH" }],
    });
  });

  it("refuses tables with another key, all by name, and makes none then", async () => {
    const dynamoDb = await start({ engine });
    const { endpoint } = dynamoDb;
    await createTables({ endpoint, tables: [NOTES, OWNERS] });
    const renamed = { ...OWNERS, keySchema: [{ attributeName: "name", keyType: "HASH" as const }] };
    const tables = [
      {
        ...NOTES,
        attributeDefinitions: NOTES.attributeDefinitions.map((one) => ({ ...one, attributeType: "S" as const })),
      },
      { ...renamed, attributeDefinitions: [{ attributeName: "name", attributeType: "S" as const }] },
      { ...OWNERS, tableName: "Third" },
    ];
    await expect(createTables({ endpoint, tables })).rejects.toThrow(
      "A table's key cannot be changed. Notes (Sample/Notes/Resource) has the key owner (S, HASH), number (N, RANGE), " +
        "but the template says owner (S, HASH), number (S, RANGE); Owners (Sample/Owners/Resource) has the key " +
        "owner (S, HASH), but the template says name (S, HASH). Move the data directory away",
    );
    expect((await documentsAt(dynamoDb).send(new ListTablesCommand({}))).TableNames).toEqual(["Notes", "Owners"]);
  });
});
