import { unblock } from "../domain/block.ts";
import { parseUsername } from "../protocol/username.ts";
import { conversations, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), conversations: conversations(), world };

/** `DELETE /api/conversations/{peer}/block` */
export const handler = route(async ({ username, path }) => {
  const peer = parseUsername(path.peer);
  await unblock(ports, { username, peer });
  return { status: 200, body: { peer, blocked: false } };
});
