import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../functions/protocol/errors.ts";
import { createDocumentClient } from "../../../functions/store/dynamodb.ts";
import { toRefusal } from "../../../functions/store/faults.ts";
import { usersTable } from "../../../functions/store/users.ts";
import { localDynamoDb } from "../../storage.ts";

const SECRET = "the words of a message";

/** The error of a read from a DynamoDB that answers like this, or that is not there. */
async function errorOf(answer?: { status: number; type: string }): Promise<unknown> {
  const server = createServer((_request, response) => {
    response.writeHead(answer?.status ?? 500, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ __type: answer?.type, message: SECRET }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  if (answer === undefined) await close();
  const client = createDocumentClient(localDynamoDb(`http://127.0.0.1:${port}`));
  try {
    return await usersTable({ client, tableName: "Users" }).get("alice");
  } catch (error) {
    return error;
  } finally {
    client.destroy();
    server.closeAllConnections();
    if (answer !== undefined) await close();
  }
}

describe("what the caller is told of a fault", () => {
  test("a refusal is told as it is", () => {
    const refusal = new Refusal("empty_text", "The text is empty.");
    expect(toRefusal(refusal, "r1")).toBe(refusal);
  });

  test.each([
    ["nothing listens", undefined],
    ["DynamoDB fails", { status: 500, type: "InternalServerError" }],
    ["DynamoDB throttles", { status: 400, type: "ProvisionedThroughputExceededException" }],
  ])("[E3] unavailable, and to come again, when %s", async (_when, answer) => {
    const refusal = toRefusal(await errorOf(answer), "r1");
    expect(refusal).toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
    expect(refusal.message).not.toContain(SECRET);
  });

  test.each([
    ["the table is missing", () => errorOf({ status: 400, type: "ResourceNotFoundException" })],
    ["our code has a bug", async () => new TypeError(SECRET)],
    ["something else was thrown", async () => SECRET],
  ])("[E3] internal, with no detail, when %s", async (_when, fault) => {
    const refusal = toRefusal(await fault(), "r1");
    expect(refusal.code).toBe("internal");
    expect(refusal.message).toBe("Something failed on the server; the requestId finds it in the logs.");
  });
});
