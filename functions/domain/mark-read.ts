import type { ReadFrame } from "../protocol/wire.ts";
import { refuseOneself } from "./conversation.ts";
import type { Connections, Conversations, Push, Users, World } from "./ports.ts";
import { pushToUser } from "./push-to-user.ts";
import { getUser } from "./users.ts";

export interface MarkReadPorts {
  users: Users;
  conversations: Conversations;
  connections: Connections;
  push: Push;
  world: World;
}

/**
 * Moves the user's read marker to `seq`: forward only, and not past the last message. Answers where it stands then.
 * Both users' rows are written before any connection is looked up, as in a send, so that no device misses it.
 * A repeat is safe. Refuses `to_oneself` and `unknown_user`.
 */
export async function markRead(
  ports: MarkReadPorts,
  { username, peer, seq }: { username: string; peer: string; seq: number },
): Promise<{ readSeq: number }> {
  const { users, conversations, world } = ports;
  refuseOneself({ username, peer });
  const row = await conversations.get({ username, peer });
  if (row === undefined) {
    await getUser(users, peer);
    return { readSeq: 0 };
  }
  const readSeq = Math.max(row.readSeq, Math.min(seq, row.lastSeq));
  if (readSeq === 0) return { readSeq };
  const nowMs = world.nowMs();
  await Promise.all([
    conversations.raiseMarker({ username, peer, marker: "readSeq", seq: readSeq, nowMs }),
    conversations.raiseMarker({ username: peer, peer: username, marker: "peerReadSeq", seq: readSeq, nowMs }),
  ]);
  const frame = (other: string) =>
    JSON.stringify({ type: "read", peer: other, reader: username, seq: readSeq } satisfies ReadFrame);
  await Promise.all([
    pushToUser(ports, { username: peer, frame: frame(username) }),
    pushToUser(ports, { username, frame: frame(peer) }),
  ]);
  return { readSeq };
}
