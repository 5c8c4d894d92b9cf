import type { SenderLimits } from "../protocol/limits.ts";
import type { Message, MessageFrame } from "../protocol/wire.ts";
import { append } from "./append.ts";
import { conversationKey, lastOf, refuseOneself } from "./conversation.ts";
import type { Connections, Conversations, MessageLog, Push, Standings, User, Users, World } from "./ports.ts";
import { pushToUser } from "./push-to-user.ts";
import { profileOf } from "./users.ts";

export interface SendPorts {
  users: Users;
  standings: Standings;
  log: MessageLog;
  conversations: Conversations;
  connections: Connections;
  push: Push;
  world: World;
  limits: SenderLimits;
}

export interface SendRequest {
  sender: string;
  recipient: string;
  text: string;
  id?: string;
  /** The sender's own connection, which needs no echo. */
  connectionId?: string;
}

export interface Sent {
  message: Message;
  /** True when an earlier attempt had stored the message. */
  repeated: boolean;
  /** How many of the recipient's connections took it. */
  delivered: number;
}

/**
 * Sends one message: appends it to the log, raises both users' rows, and only then looks up the connections and
 * pushes. The order is what makes it sure that nobody misses it: see PROTOCOL.md, "Why no message is missed".
 * A repeat with the same id is safe, and finishes what an attempt that died had left.
 *
 * Refuses `to_oneself`, and what `append` refuses. A failed push never fails the send.
 */
export async function send(
  ports: SendPorts,
  { sender, recipient, text, id, connectionId }: SendRequest,
): Promise<Sent> {
  refuseOneself({ username: sender, peer: recipient });
  const tail = await ports.log.tail(conversationKey([sender, recipient]));
  const draft = { sender, recipient, text, ...(id === undefined ? {} : { id }) };
  const { message, repeated, sender: user } = await append(ports, draft, tail);
  await raiseRows(ports, message);

  const frame = JSON.stringify(toFrame(message, user));
  const [delivered] = await Promise.all([
    pushToUser(ports, { username: recipient, frame }),
    pushToUser(ports, { username: sender, frame, ...(connectionId === undefined ? {} : { except: connectionId }) }),
  ]);
  return { message, repeated, delivered };
}

async function raiseRows({ conversations, world }: SendPorts, message: Message): Promise<void> {
  const { sender, recipient, seq } = message;
  const change = { seq, last: lastOf(message), nowMs: world.nowMs() };
  await Promise.all([
    conversations.advance({ username: sender, peer: recipient, marker: "readSeq", ...change }),
    conversations.advance({ username: recipient, peer: sender, marker: "peerReadSeq", ...change }),
  ]);
}

function toFrame(message: Message, sender: User): MessageFrame {
  const { displayName, avatar } = profileOf(sender);
  return { type: "message", ...message, senderName: displayName, senderAvatar: avatar };
}
