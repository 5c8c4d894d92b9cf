import { markRead } from "../domain/mark-read.ts";
import { parseUsername } from "../protocol/username.ts";
import { parseRead } from "../protocol/wire.ts";
import { connections, conversations, push, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), conversations: conversations(), connections: connections(), push: push(), world };

/** `PUT /api/conversations/{peer}/read` with `{ "seq" }`: moves my read marker forward; 200 with where it stands. */
export const handler = route(async ({ username, path, text }) => ({
  status: 200,
  body: await markRead(ports, { username, peer: parseUsername(path.peer), ...parseRead(text()) }),
}));
