import { listConversations } from "../domain/list-conversations.ts";
import { conversations, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), conversations: conversations(), world };

/** `GET /api/conversations?since=CURSOR`: my rows, newest first. */
export const handler = route(async ({ username, query }) => ({
  status: 200,
  body: await listConversations(ports, { username, ...(query.since === undefined ? {} : { since: query.since }) }),
}));
