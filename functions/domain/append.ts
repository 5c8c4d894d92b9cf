import { Refusal } from "../protocol/errors.ts";
import { BURST_WINDOW_MS, ID_SKEW_MS_MAX, NEW_PEERS_WINDOW_MS, type SenderLimits } from "../protocol/limits.ts";
import { type Message, messageIdMs } from "../protocol/wire.ts";
import { conversationKey } from "./conversation.ts";
import type { Burst, LogEntry, MessageLog, Users, World } from "./ports.ts";

/** Rounds in which others take the number that we want; each round somebody's message is stored. */
const ATTEMPTS_MAX = 60;
const BACKOFF_MS_FIRST = 5;
const BACKOFF_MS_MAX = 200;

/** How far back an id is searched for: pages of messages, newest first. */
const SEARCH_PAGE = 250;
const SEARCH_PAGES_MAX = 80;

export interface Draft {
  sender: string;
  recipient: string;
  text: string;
  /** Absent: the server makes one, and a repeat of this send is another message. */
  id?: string;
  /** The recipient takes no new messages from the sender; what is stored already is still acknowledged. */
  blocked: boolean;
}

type Ports = { log: MessageLog; users: Users; world: World; limits: SenderLimits };

/**
 * Stores the draft at the end of its conversation's log, exactly once for each id, whatever happens at the same time.
 * A repeat is safe and answers with the message that is stored.
 *
 * Refuses `id_from_the_future`, `id_reused`, `id_too_old`, `blocked`, `too_many_messages`, `too_many_new_peers`,
 * and `unavailable` after `ATTEMPTS_MAX` lost races.
 */
export async function append(ports: Ports, draft: Draft): Promise<{ message: Message; repeated: boolean }> {
  const { log, world } = ports;
  const conversation = conversationKey([draft.sender, draft.recipient]);
  const id = draft.id ?? world.newMessageId();
  refuseFuture(id, world.nowMs());
  let counted = false;

  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const tail = await log.tail(conversation);
    const stored = await find({ log, conversation, tail, id });
    if (stored !== undefined) return { message: sameMessage(stored, draft), repeated: true };

    if (draft.blocked) throw new Refusal("blocked", `${JSON.stringify(draft.recipient)} takes no messages from you.`);
    const nowMs = world.nowMs();
    const entry = next({ tail, draft, id, nowMs });
    refuseBurst(ports.limits, entry.bursts.sender, nowMs);
    if (tail === undefined && !counted) {
      await countNewPeer(ports, draft.sender);
      counted = true;
    }
    if ((await log.append(conversation, entry)) === "appended") return { message: entry.message, repeated: false };
    await world.sleep(world.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** attempt));
  }
  throw new Refusal("unavailable", `${ATTEMPTS_MAX} other messages came first; send it again with the same id.`, {
    retryAfterSeconds: 1,
  });
}

/**
 * The stored message with this id. Ids mostly grow, so that a new one is known by the tail alone;
 * else the log is read back to the id's own time, less what clocks may differ by.
 */
async function find(options: {
  log: MessageLog;
  conversation: string;
  tail: LogEntry | undefined;
  id: string;
}): Promise<Message | undefined> {
  const { log, conversation, tail, id } = options;
  if (tail === undefined || id > tail.newestId) return undefined;
  if (tail.message.id === id) return tail.message;

  const oldestMs = messageIdMs(id) - ID_SKEW_MS_MAX;
  let oldest = tail.message;
  for (let page = 0; page < SEARCH_PAGES_MAX; page++) {
    if (oldest.seq === 1 || Date.parse(oldest.createdAt) < oldestMs) return undefined;
    const messages = await log.backward({ conversation, before: oldest.seq, limit: SEARCH_PAGE });
    const found = messages.find((message) => message.id === id);
    if (found !== undefined) return found;
    oldest = messages.at(-1) ?? oldest;
  }
  throw new Refusal(
    "id_too_old",
    `The id is from ${new Date(messageIdMs(id)).toISOString()}, and the last ${SEARCH_PAGE * SEARCH_PAGES_MAX} ` +
      "messages are all younger. Look for the message in the log before sending it with a new id.",
  );
}

function sameMessage(stored: Message, { sender, text }: Draft): Message {
  if (stored.sender === sender && stored.text === text) return stored;
  throw new Refusal("id_reused", `The id ${stored.id} belongs to another message, number ${stored.seq} of the log.`);
}

function next(options: { tail: LogEntry | undefined; draft: Draft; id: string; nowMs: number }): LogEntry {
  const { tail, draft, id, nowMs } = options;
  const { sender, recipient, text } = draft;
  const createdAtMs = Math.max(nowMs, tail === undefined ? 0 : Date.parse(tail.message.createdAt));
  const mine = tail?.message.sender === sender ? tail.bursts.sender : tail?.bursts.recipient;
  const theirs = tail?.message.sender === sender ? tail.bursts.recipient : tail?.bursts.sender;
  return {
    message: {
      id,
      seq: (tail?.message.seq ?? 0) + 1,
      sender,
      recipient,
      text,
      createdAt: new Date(createdAtMs).toISOString(),
    },
    newestId: tail !== undefined && tail.newestId > id ? tail.newestId : id,
    bursts: {
      sender: isRunning(mine, nowMs) ? { ...mine, messages: mine.messages + 1 } : { startedAtMs: nowMs, messages: 1 },
      ...(isRunning(theirs, nowMs) ? { recipient: theirs } : {}),
    },
  };
}

function isRunning(burst: Burst | undefined, nowMs: number): burst is Burst {
  return burst !== undefined && nowMs < burst.startedAtMs + BURST_WINDOW_MS;
}

function refuseFuture(id: string, nowMs: number): void {
  const aheadMs = messageIdMs(id) - nowMs;
  if (aheadMs > ID_SKEW_MS_MAX)
    throw new Refusal(
      "id_from_the_future",
      `The id is ${Math.round(aheadMs / 1000)} s ahead of the server's time, ${new Date(nowMs).toISOString()}; ` +
        `at most ${ID_SKEW_MS_MAX / 1000} s are allowed. Set the clock, or take the time from this answer.`,
    );
}

function refuseBurst({ messagesPerBurst }: SenderLimits, burst: Burst, nowMs: number): void {
  if (messagesPerBurst === null || burst.messages <= messagesPerBurst) return;
  throw new Refusal(
    "too_many_messages",
    `At most ${messagesPerBurst} messages in ${BURST_WINDOW_MS / 1000} s may go to one conversation.`,
    { retryAfterSeconds: secondsUntil(burst.startedAtMs + BURST_WINDOW_MS, nowMs) },
  );
}

async function countNewPeer({ users, world, limits }: Ports, username: string): Promise<void> {
  const { newPeersPerHour } = limits;
  if (newPeersPerHour === null) return;
  const nowMs = world.nowMs();
  const counted = await users.countNewPeer({ username, nowMs, windowMs: NEW_PEERS_WINDOW_MS, max: newPeersPerHour });
  if (counted === "counted") return;
  throw new Refusal("too_many_new_peers", `At most ${newPeersPerHour} new conversations may be opened in an hour.`, {
    retryAfterSeconds: secondsUntil(counted.windowEndsAtMs, nowMs),
  });
}

function secondsUntil(thenMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((thenMs - nowMs) / 1000));
}
