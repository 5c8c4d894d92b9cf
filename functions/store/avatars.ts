import { DeleteCommand, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { Avatar, Avatars } from "../domain/ports.ts";
import type { Table } from "./dynamodb.ts";

/** The table Avatars: key `username`, with `image` (bytes), `contentType` and `version`. */
export function avatarsTable({ client, tableName: TableName }: Table): Avatars {
  return {
    async get(username) {
      const output = await client.send(new GetCommand({ TableName, Key: { username }, ConsistentRead: true }));
      return output.Item as Avatar | undefined;
    },
    async put({ username, version, contentType, image }) {
      await client.send(new PutCommand({ TableName, Item: { username, version, contentType, image } }));
    },
    async remove(username) {
      await client.send(new DeleteCommand({ TableName, Key: { username } }));
    },
  };
}
