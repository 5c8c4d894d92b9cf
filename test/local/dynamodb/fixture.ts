import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { onTestFinished } from "vitest";
import { createClient } from "../../../local/dynamodb/client.ts";
import { type DynamoDb, startDynamoDb } from "../../../local/dynamodb/dynamodb.ts";
import type { TableModel } from "../../../local/model.ts";

export const NOTES: TableModel = {
  path: "Sample/Notes/Resource",
  tableName: "Notes",
  keySchema: [
    { attributeName: "owner", keyType: "HASH" },
    { attributeName: "number", keyType: "RANGE" },
  ],
  attributeDefinitions: [
    { attributeName: "owner", attributeType: "S" },
    { attributeName: "number", attributeType: "N" },
  ],
  ttlAttribute: "expiresAt",
};

type Options = Omit<Parameters<typeof startDynamoDb>[0], "log">;

/** Starts a DynamoDB that is closed when the test ends, if not before. */
export async function start(options: Options): Promise<DynamoDb> {
  const dynamoDb = await startDynamoDb({ log: () => {}, ...options });
  onTestFinished(dynamoDb.close);
  return dynamoDb;
}

export function documentsAt({ endpoint }: { endpoint: string }): DynamoDBDocumentClient {
  const client = createClient(endpoint);
  onTestFinished(() => client.destroy());
  return DynamoDBDocumentClient.from(client);
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "dynamodb-"));
  // What a killed runtime leaves ends by itself, and may write into it meanwhile.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return directory;
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
