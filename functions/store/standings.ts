import type { Standings, User } from "../domain/ports.ts";
import { Refusal } from "../protocol/errors.ts";
import type { Item as Row } from "./conversations.ts";
import { batchGet, type Table } from "./dynamodb.ts";
import { toUser, type Item as UserItem, usersTable } from "./users.ts";

/** What the tables Users and Conversations say of two users, in one BatchGetItem; in two where one is not found at first. */
export function standingsOf({ users, conversations }: { users: Table; conversations: Table }): Standings {
  const { get } = usersTable(users);
  return {
    async read({ sender, recipient }) {
      const { items, isWhole } = await batchGet(users.client, {
        [users.tableName]: { keys: [{ username: sender }, { username: recipient }], consistent: false },
        [conversations.tableName]: { keys: [{ username: recipient, peer: sender }], consistent: true },
      });
      if (!isWhole) throw new Refusal("unavailable", "Too much is read just now; try again.", { retryAfterSeconds: 1 });
      const found = (items[users.tableName] ?? []) as unknown as UserItem[];
      const [row] = (items[conversations.tableName] ?? []) as unknown as Row[];
      const user = async (name: string): Promise<User | undefined> => {
        const item = found.find(({ username }) => username === name);
        return item === undefined ? get(name) : toUser(item);
      };
      const [from, to] = await Promise.all([user(sender), user(recipient)]);
      return { sender: from, recipient: to, blocked: row?.blocked ?? false };
    },
  };
}
