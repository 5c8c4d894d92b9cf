import { listMessages } from "../domain/list-messages.ts";
import { parseUsername } from "../protocol/username.ts";
import { parseMessagePage } from "../protocol/wire.ts";
import { messages, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), log: messages(), world };

/** `GET /api/conversations/{peer}/messages?before=SEQ|after=SEQ&limit=1..100`: a page of the log. */
export const handler = route(async ({ username, path, query }) => ({
  status: 200,
  body: await listMessages(ports, { username, peer: parseUsername(path.peer), page: parseMessagePage(query) }),
}));
