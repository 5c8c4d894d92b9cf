import type { Standings } from "../domain/ports.ts";
import { Refusal } from "../protocol/errors.ts";
import type { Item as Row } from "./conversations.ts";
import { batchGet, type Table } from "./dynamodb.ts";
import { toUser, type Item as UserItem } from "./users.ts";

/** What the tables Users and Conversations say of two users, in one BatchGetItem. */
export function standingsOf({ users, conversations }: { users: Table; conversations: Table }): Standings {
  return {
    async read({ sender, recipient }) {
      const keys = {
        [users.tableName]: [{ username: sender }, { username: recipient }],
        [conversations.tableName]: [{ username: recipient, peer: sender }],
      };
      const { items, isWhole } = await batchGet(users.client, { keys, consistent: true });
      if (!isWhole) throw new Refusal("unavailable", "Too much is read just now; try again.", { retryAfterSeconds: 1 });
      const found = (items[users.tableName] ?? []) as unknown as UserItem[];
      const [row] = (items[conversations.tableName] ?? []) as unknown as Row[];
      const user = (name: string) => found.filter(({ username }) => username === name).map(toUser)[0];
      return { sender: user(sender), recipient: user(recipient), blocked: row?.blocked ?? false };
    },
  };
}
