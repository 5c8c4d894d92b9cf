import type { TypingFrame } from "../protocol/wire.ts";
import { refuseExpired } from "./connect.ts";
import { refuseOneself } from "./conversation.ts";
import type { Connections, Conversations, Push, Users, World } from "./ports.ts";
import { pushToUser } from "./push-to-user.ts";
import { getUser } from "./users.ts";

/**
 * Tells the peer's devices that the user is typing: kept nowhere, and never repeated. It goes only to somebody who has
 * a conversation with the user and has not blocked them; that it did not is not told. Refuses
 * `token_expired`, `to_oneself` and `unknown_user`.
 */
export async function typing(
  ports: { users: Users; conversations: Conversations; connections: Connections; push: Push; world: World },
  { username, peer, tokenExpiresAtSeconds }: { username: string; peer: string; tokenExpiresAtSeconds: number },
): Promise<void> {
  refuseExpired({ tokenExpiresAtSeconds }, ports.world.nowMs());
  refuseOneself({ username, peer });
  const theirs = await ports.conversations.get({ username: peer, peer: username });
  if (theirs === undefined) await getUser(ports.users, peer);
  else if (!theirs.blocked) {
    const frame: TypingFrame = { type: "typing", peer: username };
    await pushToUser(ports, { username: peer, frame: JSON.stringify(frame) });
  }
}
