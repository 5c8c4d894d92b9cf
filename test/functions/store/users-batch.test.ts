import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createDocumentClient } from "../../../functions/store/dynamodb.ts";
import { usersTable } from "../../../functions/store/users.ts";
import { localDynamoDb } from "../../storage.ts";

/** Reads these users from a DynamoDB that gives one of them in an answer and leaves the others, `rounds` times. */
async function readMany(usernames: string[], rounds: number) {
  let requests = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const [first, ...others] = JSON.parse(body).RequestItems.Users.Keys;
    requests++;
    const given = requests <= rounds ? [first] : [];
    const left = requests <= rounds ? others : [first, ...others];
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(
      JSON.stringify({
        Responses: { Users: given },
        UnprocessedKeys: left.length > 0 ? { Users: { Keys: left } } : {},
      }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = createDocumentClient(localDynamoDb(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  const users = await usersTable({ client, tableName: "Users" }).getMany(usernames);
  client.destroy();
  server.close();
  server.closeAllConnections();
  return { users: users.map(({ username }) => username), requests };
}

test("what a batch leaves unread is asked for again", async () => {
  expect(await readMany(["ann", "bob", "cid"], 3)).toEqual({ users: ["ann", "bob", "cid"], requests: 3 });
});

test("what is left unread again and again is left out, since a profile is an ornament", async () => {
  expect(await readMany(["ann", "bob", "cid"], 1)).toEqual({ users: ["ann"], requests: 5 });
});
