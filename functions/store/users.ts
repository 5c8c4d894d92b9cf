import type { User, Users } from "../domain/ports.ts";
import { batchGet, holds, type Table, type UpdateInput } from "./dynamodb.ts";

/** Source: BatchGetItem in the DynamoDB API reference. */
const BATCH_KEYS_MAX = 100;

/** An item of the table Users. */
export interface Item extends User {
  createdAt: string;
  /** The hour in which opened conversations are counted: its start in ms since the epoch, and with whom. */
  newPeersSince?: number;
  newPeers?: Set<string>;
}

/** The table Users: key `username`. */
export function usersTable({ client, tableName: TableName }: Table): Users {
  /** What is throttled for long is left out: a profile is only an ornament of its row. */
  async function getBatch(usernames: string[]): Promise<User[]> {
    const keys = usernames.map((username) => ({ username }));
    const { items } = await batchGet(client, { [TableName]: { keys, consistent: false } });
    return ((items[TableName] ?? []) as unknown as Item[]).map(toUser);
  }

  return {
    async get(username, { mayBeStale } = { mayBeStale: false }) {
      const item = await client.get({ TableName, Key: { username }, ConsistentRead: !mayBeStale });
      return item && toUser(item as unknown as Item);
    },

    async create(username, nowMs) {
      const Item: Item = { username, createdAt: new Date(nowMs).toISOString() };
      await holds(client.put({ TableName, Item: { ...Item }, ConditionExpression: "attribute_not_exists(username)" }));
    },

    async change(username, change) {
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      const set = given.filter(([, value]) => value !== null).map(([name]) => `${name} = :${name}`);
      const remove = given.filter(([, value]) => value === null).map(([name]) => name);
      const values = given.filter(([, value]) => value !== null).map(([name, value]) => [`:${name}`, value]);
      const item = await client.update({
        TableName,
        Key: { username },
        UpdateExpression: [
          ...(set.length > 0 ? [`SET ${set.join(", ")}`] : []),
          ...(remove.length > 0 ? [`REMOVE ${remove.join(", ")}`] : []),
        ].join(" "),
        ExpressionAttributeValues: values.length > 0 ? Object.fromEntries(values) : undefined,
        ReturnValues: "ALL_NEW",
      });
      return toUser(item as unknown as Item);
    },

    async getMany(usernames) {
      const batches: string[][] = [];
      for (let start = 0; start < usernames.length; start += BATCH_KEYS_MAX)
        batches.push(usernames.slice(start, start + BATCH_KEYS_MAX));
      return (await Promise.all(batches.map(getBatch))).flat();
    },

    async countNewPeer({ username, peer, nowMs, windowMs, max }) {
      const key = { TableName, Key: { username } };
      const windowStart = nowMs - windowMs;
      const update = (change: Pick<UpdateInput, "UpdateExpression" | "ConditionExpression">, values: object) =>
        holds(
          client.update({
            ...key,
            ...change,
            ExpressionAttributeValues: { ":peers": new Set([peer]), ":windowStart": windowStart, ...values },
          }),
        );
      const countInWindow = () =>
        update(
          {
            UpdateExpression: "ADD newPeers :peers",
            ConditionExpression:
              "newPeersSince > :windowStart AND (size(newPeers) < :max OR contains(newPeers, :peer))",
          },
          { ":max": max, ":peer": peer },
        );
      const openWindow = () =>
        update(
          {
            UpdateExpression: "SET newPeers = :peers, newPeersSince = :now",
            ConditionExpression: "attribute_not_exists(newPeersSince) OR newPeersSince <= :windowStart",
          },
          { ":now": nowMs },
        );
      // The last try is for the one who came second in opening the window.
      if ((await countInWindow()) || (await openWindow()) || (await countInWindow())) return "counted";
      const item = await client.get({ ...key, ConsistentRead: true });
      const since = (item as Item | undefined)?.newPeersSince ?? nowMs;
      return { windowEndsAtMs: since + windowMs };
    },
  };
}

export function toUser({ username, displayName, avatarVersion }: Item): User {
  return {
    username,
    ...(displayName === undefined ? {} : { displayName }),
    ...(avatarVersion === undefined ? {} : { avatarVersion }),
  };
}
