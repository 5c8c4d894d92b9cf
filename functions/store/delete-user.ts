import { conversationKey } from "../domain/conversation.ts";
import { holds, queryItems, type Table } from "./dynamodb.ts";

export interface UserTables {
  users: Table;
  avatars: Table;
  connections: Table;
  conversations: Table;
  messages: Table;
}

export interface Deleted {
  connections: number;
  conversations: number;
  /** Messages whose text was emptied, of both users. */
  messages: number;
}

/** Far below what one partition key takes a second. */
const MESSAGES_AT_ONCE = 100;

/**
 * Deletes what is kept of a user, and empties the texts of their conversations, the peers' too (docs/security.md says
 * why). May be stopped at any moment: a conversation leaves the user's list last, so that a repeat finds what is left.
 * A repeat is safe. It ends when the user's list is at its end, however long that and the logs are.
 */
export async function deleteUser(
  tables: UserTables,
  { username, nowMs, tell }: { username: string; nowMs: () => number; tell: (progress: string) => void },
): Promise<Deleted> {
  const { users, avatars, conversations } = tables;
  const deleted: Deleted = { connections: 0, conversations: 0, messages: 0 };
  // First, since to a user who is unknown nobody can send.
  await users.client.remove({ TableName: users.tableName, Key: { username } });
  await avatars.client.remove({ TableName: avatars.tableName, Key: { username } });
  tell("profile and picture deleted");
  deleted.connections = await deleteConnections(tables.connections, username);
  tell(`${deleted.connections} connections forgotten`);

  const list = pages<{ peer: string }>(conversations, {
    KeyConditionExpression: "username = :username",
    ExpressionAttributeValues: { ":username": username },
    ProjectionExpression: "peer",
  });
  for await (const rows of list)
    for (const { peer } of rows) {
      const emptied = await emptyTexts(tables.messages, conversationKey([username, peer]));
      await emptyPreview(conversations, { username: peer, peer: username, nowMs: nowMs() });
      await conversations.client.remove({ TableName: conversations.tableName, Key: { username, peer } });
      deleted.conversations++;
      deleted.messages += emptied;
      tell(`conversation ${deleted.conversations}: ${emptied} messages emptied`);
    }
  return deleted;
}

async function deleteConnections(table: Table, username: string): Promise<number> {
  const found = await queryItems<{ connectionId: string }>(table, {
    ConsistentRead: true,
    KeyConditionExpression: "username = :username",
    ExpressionAttributeValues: { ":username": username },
    ProjectionExpression: "connectionId",
  });
  for (const { connectionId } of found)
    await table.client.remove({ TableName: table.tableName, Key: { username, connectionId } });
  return found.length;
}

/** Numbers, ids, users and times stay, so that the log has no gap and a repeat is known. Answers how many had a text. */
async function emptyTexts({ client, tableName }: Table, conversation: string): Promise<number> {
  let emptied = 0;
  const log = pages<{ seq: number }>(
    { client, tableName },
    {
      Limit: MESSAGES_AT_ONCE,
      KeyConditionExpression: "conversation = :conversation",
      FilterExpression: "attribute_not_exists(fence) AND #text <> :empty",
      ProjectionExpression: "seq",
      ExpressionAttributeNames: { "#text": "text" },
      ExpressionAttributeValues: { ":conversation": conversation, ":empty": "" },
    },
  );
  for await (const messages of log) {
    await Promise.all(
      messages.map(({ seq }) =>
        client.update({
          TableName: tableName,
          Key: { conversation, seq },
          UpdateExpression: "SET #text = :empty",
          ExpressionAttributeNames: { "#text": "text" },
          ExpressionAttributeValues: { ":empty": "" },
        }),
      ),
    );
    emptied += messages.length;
  }
  return emptied;
}

/** Changes the row's time too, so that the peer's devices hear of it with their next sync. */
async function emptyPreview(
  { client, tableName }: Table,
  { nowMs, ...Key }: { username: string; peer: string; nowMs: number },
): Promise<void> {
  await holds(
    client.update({
      TableName: tableName,
      Key,
      UpdateExpression: "SET #last.preview = :empty, changedAt = :now",
      ConditionExpression: "attribute_exists(#last) AND #last.preview <> :empty",
      ExpressionAttributeNames: { "#last": "last" },
      ExpressionAttributeValues: { ":empty": "", ":now": nowMs },
    }),
  );
}

type Query = Omit<Parameters<Table["client"]["query"]>[0], "TableName" | "ExclusiveStartKey" | "ConsistentRead">;

/** A query's items, a page at a time, each read when it is asked for; what was given may be deleted meanwhile. */
async function* pages<Item>({ client, tableName }: Table, query: Query): AsyncGenerator<Item[]> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.query({
      ...query,
      TableName: tableName,
      ConsistentRead: true,
      ExclusiveStartKey: start,
    });
    yield page.items as Item[];
    start = page.next;
  } while (start !== undefined);
}
