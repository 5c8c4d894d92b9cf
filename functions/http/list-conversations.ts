import { listConversations } from "../domain/list-conversations.ts";
import { parseRowPage } from "../protocol/wire.ts";
import { conversations, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), conversations: conversations(), world };

/** `GET /api/conversations?since=CURSOR&limit=1..1000`: my rows, newest first. */
export const handler = route(async ({ username, query }) => ({
  status: 200,
  body: await listConversations(ports, { username, page: parseRowPage(query) }),
}));
