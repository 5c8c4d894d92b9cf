import type { Conversations, StoredRow } from "../domain/ports.ts";
import { holds, type Table, type UpdateInput } from "./dynamodb.ts";

/** An item of the table Conversations. What was never set is absent; `changedAt` is in ms since the epoch. */
export interface Item {
  username: string;
  peer: string;
  lastSeq?: number;
  last?: { sender: string; preview: string; createdAt: string };
  readSeq?: number;
  peerReadSeq?: number;
  blocked?: boolean;
  changedAt: number;
}

const MARKER_IS_LOWER = "(attribute_not_exists(#marker) OR #marker < :seq)";

/** The table Conversations: key `username`, `peer`. */
export function conversationsTable({ client, tableName: TableName }: Table): Conversations {
  const update = (Key: Pick<Item, "username" | "peer">, change: Omit<UpdateInput, "TableName" | "Key">) =>
    holds(client.update({ TableName, Key, ...change }));

  const raiseMarker = (
    key: Pick<Item, "username" | "peer">,
    { seq, marker, nowMs }: { seq: number; marker: "readSeq" | "peerReadSeq"; nowMs: number },
  ) =>
    update(key, {
      UpdateExpression: "SET #marker = :seq, changedAt = :now",
      ConditionExpression: MARKER_IS_LOWER,
      ExpressionAttributeNames: { "#marker": marker },
      ExpressionAttributeValues: { ":seq": seq, ":now": nowMs },
    });

  return {
    async get(Key) {
      const item = await client.get({ TableName, Key, ConsistentRead: true });
      return item && toStoredRow(item as unknown as Item);
    },

    async advance({ username, peer, seq, last, marker, nowMs }) {
      const key = { username, peer };
      const lastIsLower = "(attribute_not_exists(lastSeq) OR lastSeq < :seq)";
      const raised = await update(key, {
        UpdateExpression: "SET lastSeq = :seq, #last = :last, #marker = :seq, changedAt = :now",
        ConditionExpression: `${lastIsLower} AND ${MARKER_IS_LOWER}`,
        ExpressionAttributeNames: { "#last": "last", "#marker": marker },
        ExpressionAttributeValues: { ":seq": seq, ":last": last, ":now": nowMs },
      });
      if (raised) return;
      // One of the two is that far already, or both are: each is raised by itself, and a failed condition is success.
      await Promise.all([
        update(key, {
          UpdateExpression: "SET lastSeq = :seq, #last = :last, changedAt = :now",
          ConditionExpression: lastIsLower,
          ExpressionAttributeNames: { "#last": "last" },
          ExpressionAttributeValues: { ":seq": seq, ":last": last, ":now": nowMs },
        }),
        raiseMarker(key, { seq, marker, nowMs }),
      ]);
    },

    async raiseMarker({ username, peer, ...raise }) {
      await raiseMarker({ username, peer }, raise);
    },

    async setBlocked({ username, peer, blocked, nowMs }) {
      await update(
        { username, peer },
        {
          UpdateExpression: "SET blocked = :blocked, changedAt = :now",
          ExpressionAttributeValues: { ":blocked": blocked, ":now": nowMs },
        },
      );
    },

    async page({ username, changedSinceMs, afterPeer, limit }) {
      const { items, next } = await client.query({
        TableName,
        ConsistentRead: true,
        ScanIndexForward: true,
        Limit: limit,
        KeyConditionExpression: "username = :username",
        FilterExpression: "changedAt >= :since",
        ExpressionAttributeValues: { ":username": username, ":since": changedSinceMs },
        ExclusiveStartKey: afterPeer === undefined ? undefined : { username, peer: afterPeer },
      });
      return {
        rows: (items as unknown as Item[]).map(toStoredRow),
        ...(next === undefined ? {} : { nextAfterPeer: String(next.peer) }),
      };
    },
  };
}

function toStoredRow(item: Item): StoredRow {
  const { username, peer, lastSeq = 0, last, readSeq = 0, peerReadSeq = 0, blocked = false, changedAt } = item;
  return {
    username,
    peer,
    lastSeq,
    ...(last === undefined ? {} : { last }),
    readSeq,
    peerReadSeq,
    blocked,
    changedAtMs: changedAt,
  };
}
