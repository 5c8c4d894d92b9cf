import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Refusal } from "../../../functions/protocol/errors.ts";
import { createDocumentClient } from "../../../functions/store/dynamodb.ts";
import { toRefusal } from "../../../functions/store/faults.ts";
import { withinInvocation } from "../../../functions/store/invocation.ts";
import { usersTable } from "../../../functions/store/users.ts";
import { localDynamoDb } from "../../storage.ts";

const left = (ms: number) => ({ getRemainingTimeInMillis: () => ms });

test("[E3] when a function's time is nearly over the answer is unavailable, whatever comes of what is under way", async () => {
  const hanging = new Promise((_, reject) => setTimeout(() => reject(new Error("too late to matter")), 20));
  const error = await withinInvocation(left(1505), () => hanging).catch((late: unknown) => late);
  expect(toRefusal(error, "r1").code).toBe("unavailable");
  await hanging.catch(() => undefined);
});

test("a result, or a refusal, that comes before is answered as it is", async () => {
  expect(await withinInvocation(left(5000), async () => 1)).toBe(1);
  const refusal = new Refusal("empty_text", "The text is empty.");
  const refuse = () => {
    throw refusal;
  };
  await expect(withinInvocation(left(5000), refuse)).rejects.toBe(refusal);
});

test("[S2] what an invocation leaves behind sends no request later, so that no row is written with an old time", async () => {
  let requests = 0;
  let arrived = () => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = createServer((_request, response) => {
    requests++;
    response.writeHead(500, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ __type: "InternalServerError" }));
    arrived();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = createDocumentClient(localDynamoDb(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  const users = usersTable({ client, tableName: "Users" });
  try {
    let leftBehind: Promise<unknown> = Promise.resolve();
    await withinInvocation(left(60_000), async () => {
      leftBehind = users.get("alice").catch((error: unknown) => error);
      await first;
    });
    // Without the bound the SDK makes three attempts.
    expect(await leftBehind).toMatchObject({ name: "LateError" });
    expect(requests).toBe(1);
    expect(await users.get("alice").catch((error: unknown) => error)).toMatchObject({ name: "InternalServerError" });
    expect(requests).toBe(4);
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
});
