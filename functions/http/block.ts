import { block } from "../domain/block.ts";
import { parseUsername } from "../protocol/username.ts";
import { conversations, messages, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), conversations: conversations(), log: messages(), world };

/** `PUT /api/conversations/{peer}/block`: nothing of the peer's is stored once this has answered. */
export const handler = route(async ({ username, path }) => {
  const peer = parseUsername(path.peer);
  await block(ports, { username, peer });
  return { status: 200, body: { peer, blocked: true } };
});
