import type { Connection, Connections } from "../domain/ports.ts";
import { queryItems, type Table } from "./dynamodb.ts";

/** An item of the table Connections. `connectedAt` is in ms since the epoch, `expiresAt` (its TTL) in seconds. */
interface Item {
  username: string;
  connectionId: string;
  connectedAt: number;
  expiresAt: number;
  userAgent?: string;
}

/** The table Connections: key `username`, `connectionId`. TTL deletes late, so a reading leaves out what has expired. */
export function connectionsTable(table: Table): Connections {
  const { client, tableName: TableName } = table;
  return {
    async put({ username, connectionId, connectedAtMs, expiresAtSeconds, userAgent }) {
      const Item: Item = {
        username,
        connectionId,
        connectedAt: connectedAtMs,
        expiresAt: expiresAtSeconds,
        ...(userAgent === undefined ? {} : { userAgent }),
      };
      await client.put({ TableName, Item: { ...Item } });
    },

    async has({ username, connectionId }) {
      const found = await client.get({
        TableName,
        Key: { username, connectionId },
        ConsistentRead: true,
        ProjectionExpression: "connectionId",
      });
      return found !== undefined;
    },

    async remove({ username, connectionId }) {
      await client.remove({ TableName, Key: { username, connectionId } });
    },

    async live({ username, nowMs }) {
      const items = await queryItems<Item>(table, {
        ConsistentRead: true,
        ScanIndexForward: true,
        KeyConditionExpression: "username = :username",
        FilterExpression: "expiresAt > :now",
        ExpressionAttributeValues: { ":username": username, ":now": Math.floor(nowMs / 1000) },
      });
      return items.map(toConnection);
    },
  };
}

function toConnection({ username, connectionId, connectedAt, expiresAt, userAgent }: Item): Connection {
  return {
    username,
    connectionId,
    connectedAtMs: connectedAt,
    expiresAtSeconds: expiresAt,
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}
