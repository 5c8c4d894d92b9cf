import type { Message, MessagePage } from "../protocol/wire.ts";
import { conversationKey, refuseOneself } from "./conversation.ts";
import type { MessageLog, Users, World } from "./ports.ts";
import { ensureUser, unknownUser } from "./users.ts";

/**
 * A page of the log, always in rising `seq`: the newest, or those next to `before` or `after`.
 * `lastSeq` is 0 where nothing was written yet. Refuses `to_oneself` and `unknown_user`.
 */
export async function listMessages(
  { users, log, world }: { users: Users; log: MessageLog; world: World },
  { username, peer, page }: { username: string; peer: string; page: MessagePage },
): Promise<{ messages: Message[]; lastSeq: number }> {
  refuseOneself({ username, peer });
  const conversation = conversationKey([username, peer]);
  const [messages, tail] = await Promise.all([
    read(log, conversation, page),
    log.tail(conversation),
    ensureUser({ users, world }, username),
  ]);
  if (tail.last === undefined && (await users.get(peer)) === undefined) throw unknownUser(peer);
  // The tail is read beside the page, so either may be a message ahead of the other.
  return { messages, lastSeq: Math.max(tail.last?.message.seq ?? 0, messages.at(-1)?.seq ?? 0) };
}

async function read(log: MessageLog, conversation: string, { limit, before, after }: MessagePage): Promise<Message[]> {
  const entries =
    after === undefined
      ? (await log.backward({ conversation, limit, ...(before === undefined ? {} : { before }) })).reverse()
      : await log.forward({ conversation, after, limit });
  return entries.map(({ message }) => message);
}
