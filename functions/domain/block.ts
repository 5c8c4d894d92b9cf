import { backOff } from "./append.ts";
import { conversationKey, refuseOneself } from "./conversation.ts";
import type { Conversations, MessageLog, Users, World } from "./ports.ts";
import { ensureUser, getUser } from "./users.ts";

type Ports = { users: Users; conversations: Conversations; log: MessageLog; world: World };

/**
 * Blocks the peer: once this has returned, no message of theirs to the user is stored. A repeat is safe.
 *
 * The flag alone would not do: a send that has read it before may write after this has returned. So a fence is put at
 * the log's next number, with which every such send collides; it begins again, and reads the flag again (append.ts).
 *
 * Refuses `to_oneself`, `unknown_user`, and `unavailable` when too many messages came first; the flag is set then.
 */
export async function block(ports: Ports, { username, peer }: { username: string; peer: string }): Promise<void> {
  const { conversations, log, world } = ports;
  await admit(ports, { username, peer });
  await conversations.setBlocked({ username, peer, blocked: true, nowMs: world.nowMs() });
  const conversation = conversationKey([username, peer]);
  for (let attempt = 1; ; attempt++) {
    const { last, fence } = await log.tail(conversation);
    const seq = (last?.message.seq ?? 0) + 1;
    const over = fence === undefined ? {} : { over: fence };
    if ((await log.fence(conversation, { seq, token: world.newId(), ...over })) === "fenced") return;
    await backOff(world, attempt);
  }
}

/** Takes the peer's messages again. A repeat is safe. Refuses `to_oneself` and `unknown_user`. */
export async function unblock(
  ports: Omit<Ports, "log">,
  { username, peer }: { username: string; peer: string },
): Promise<void> {
  await admit(ports, { username, peer });
  await ports.conversations.setBlocked({ username, peer, blocked: false, nowMs: ports.world.nowMs() });
}

async function admit(ports: Omit<Ports, "log">, { username, peer }: { username: string; peer: string }): Promise<void> {
  refuseOneself({ username, peer });
  await Promise.all([getUser(ports.users, peer), ensureUser(ports, username)]);
}
