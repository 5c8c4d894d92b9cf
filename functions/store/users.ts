import { BatchGetCommand, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { User, Users } from "../domain/ports.ts";
import { holds, type Table } from "./dynamodb.ts";

/** Source: BatchGetItem in the DynamoDB API reference. */
const BATCH_KEYS_MAX = 100;
const BATCH_ROUNDS_MAX = 5;

interface Item extends User {
  createdAt: string;
  /** The hour in which opened conversations are counted: its start in ms since the epoch, and how many. */
  newPeersSince?: number;
  newPeers?: number;
}

/** The table Users: key `username`. */
export function usersTable({ client, tableName: TableName }: Table): Users {
  async function getBatch(usernames: string[]): Promise<User[]> {
    const users: User[] = [];
    let keys: Record<string, unknown>[] = usernames.map((username) => ({ username }));
    for (let round = 0; keys.length > 0; round++) {
      if (round === BATCH_ROUNDS_MAX)
        throw new Error(`${TableName} left ${keys.length} keys unread in ${round} rounds`);
      const output = await client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: keys } } }));
      users.push(...((output.Responses?.[TableName] ?? []) as Item[]).map(toUser));
      keys = output.UnprocessedKeys?.[TableName]?.Keys ?? [];
    }
    return users;
  }

  return {
    async get(username, { mayBeStale } = { mayBeStale: false }) {
      const output = await client.send(new GetCommand({ TableName, Key: { username }, ConsistentRead: !mayBeStale }));
      return output.Item === undefined ? undefined : toUser(output.Item as Item);
    },

    async create(username, nowMs) {
      const Item: Item = { username, createdAt: new Date(nowMs).toISOString() };
      await holds(
        client.send(new PutCommand({ TableName, Item, ConditionExpression: "attribute_not_exists(username)" })),
      );
    },

    async getMany(usernames) {
      const batches: string[][] = [];
      for (let start = 0; start < usernames.length; start += BATCH_KEYS_MAX)
        batches.push(usernames.slice(start, start + BATCH_KEYS_MAX));
      return (await Promise.all(batches.map(getBatch))).flat();
    },

    async countNewPeer({ username, nowMs, windowMs, max }) {
      const key = { TableName, Key: { username } };
      const windowStart = nowMs - windowMs;
      const countInWindow = () =>
        holds(
          client.send(
            new UpdateCommand({
              ...key,
              UpdateExpression: "SET newPeers = newPeers + :one",
              ConditionExpression: "newPeersSince > :windowStart AND newPeers < :max",
              ExpressionAttributeValues: { ":one": 1, ":windowStart": windowStart, ":max": max },
            }),
          ),
        );
      const openWindow = () =>
        holds(
          client.send(
            new UpdateCommand({
              ...key,
              UpdateExpression: "SET newPeers = :one, newPeersSince = :now",
              ConditionExpression: "attribute_not_exists(newPeersSince) OR newPeersSince <= :windowStart",
              ExpressionAttributeValues: { ":one": 1, ":now": nowMs, ":windowStart": windowStart },
            }),
          ),
        );
      // The last try is for the one who came second in opening the window.
      if ((await countInWindow()) || (await openWindow()) || (await countInWindow())) return "counted";
      const output = await client.send(new GetCommand({ ...key, ConsistentRead: true }));
      const since = (output.Item as Item | undefined)?.newPeersSince ?? nowMs;
      return { windowEndsAtMs: since + windowMs };
    },
  };
}

function toUser({ username, displayName, avatarVersion }: Item): User {
  return {
    username,
    ...(displayName === undefined ? {} : { displayName }),
    ...(avatarVersion === undefined ? {} : { avatarVersion }),
  };
}
