import type { Avatar, Avatars } from "../domain/ports.ts";
import type { Table } from "./dynamodb.ts";

/** The table Avatars: key `username`, with `image` (bytes), `contentType` and `version`. */
export function avatarsTable({ client, tableName: TableName }: Table): Avatars {
  return {
    async get(username) {
      return (await client.get({ TableName, Key: { username }, ConsistentRead: true })) as Avatar | undefined;
    },
    async put({ username, version, contentType, image }) {
      await client.put({ TableName, Item: { username, version, contentType, image } });
    },
    async remove(username) {
      await client.remove({ TableName, Key: { username } });
    },
  };
}
