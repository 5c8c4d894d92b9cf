import { Refusal } from "../protocol/errors.ts";
import {
  BURST_WINDOW_MS,
  ID_SKEW_MS_MAX,
  NEW_PEERS_WINDOW_MS,
  SENDER_LIMITS_OFF,
  type SenderLimits,
} from "../protocol/limits.ts";
import { type Message, messageIdMs } from "../protocol/wire.ts";
import { conversationKey } from "./conversation.ts";
import type { Burst, LogEntry, MessageLog, Standing, Standings, Tail, User, Users, World } from "./ports.ts";
import { unknownUser } from "./users.ts";

/** Rounds in which others take the number that we want; each round somebody's message is stored. */
const ATTEMPTS_MAX = 60;
const BACKOFF_MS_FIRST = 5;
const BACKOFF_MS_MAX = 200;

/** An id is searched for in pages that double, newest first, until about this much was read: at least 1,000 messages. */
const SEARCH_PAGE_FIRST = 8;
const SEARCH_PAGE_MAX = 256;
const SEARCH_BYTES_MAX = 4 * 1024 * 1024;
/** An entry without its text, roughly. */
const ENTRY_BYTES = 256;

export interface Draft {
  sender: string;
  recipient: string;
  text: string;
  /** Absent: the server makes one, and a repeat of this send is another message. */
  id?: string;
}

export interface Appended {
  message: Message;
  /** True when an earlier attempt had stored the message. */
  repeated: boolean;
  sender: User;
}

type Ports = { log: MessageLog; standings: Standings; users: Users; world: World; limits: SenderLimits };

/**
 * Stores the draft at the end of its conversation's log, exactly once for each id, whatever happens at the same time.
 * A repeat is safe and answers with the message that is stored. `tail` is the log's end as just read.
 *
 * Whether the recipient has blocked the sender is read after the tail, in each attempt: so either this reading sees the
 * block, or the tail was read before the block's fence was put and the append collides with it (block.ts).
 *
 * Refuses `unknown_user`, `id_from_the_future`, `id_reused`, `id_too_old`, `blocked`, `too_many_messages`, `too_many_new_peers`,
 * and `unavailable` after `ATTEMPTS_MAX` lost races.
 */
export async function append(ports: Ports, draft: Draft, tail: Tail): Promise<Appended> {
  const { log, world } = ports;
  const limits = limitsOf(draft.sender, ports.limits);
  const conversation = conversationKey([draft.sender, draft.recipient]);
  const id = draft.id ?? world.newId();
  /** Up to here the log is known not to hold the id. One that was just made can only be in what comes after. */
  let searchedTo = draft.id === undefined ? (tail.last?.message.seq ?? 0) : 0;

  for (let attempt = 1; ; attempt++) {
    const { last, fence } = tail;
    const [stored, standing] = await Promise.all([
      find({ log, conversation, last, id, searchedTo }),
      readStanding(ports, draft),
    ]);
    const { sender } = standing;
    if (stored !== undefined) return { message: sameMessage(stored, draft), repeated: true, sender };
    searchedTo = last?.message.seq ?? 0;

    if (standing.recipient === undefined) throw unknownUser(draft.recipient);
    // Not sooner: an earlier attempt may have been taken by a clock that is a little ahead of this one.
    refuseFuture(id, world.nowMs());
    if (standing.blocked)
      throw new Refusal("blocked", `${JSON.stringify(draft.recipient)} takes no messages from you.`);
    const nowMs = world.nowMs();
    const entry = next({ last, draft, id, nowMs });
    refuseBurst(limits, entry.bursts.sender, nowMs);
    if (last === undefined) await countNewPeer({ ...ports, limits }, draft);
    if ((await log.append(conversation, entry, fence)) === "appended")
      return { message: entry.message, repeated: false, sender };
    await backOff(world, attempt);
    tail = await log.tail(conversation);
  }
}

/** Waits before the next round of a race for a number. Refuses `unavailable` when `ATTEMPTS_MAX` have been lost. */
export async function backOff(world: World, attempt: number): Promise<void> {
  if (attempt >= ATTEMPTS_MAX)
    throw new Refusal("unavailable", `${ATTEMPTS_MAX} other messages came first; send it again with the same id.`, {
      retryAfterSeconds: 1,
    });
  await world.sleep(world.random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** attempt));
}

/** How sender and recipient stand to each other; the sender's row is made if it is their first call. */
async function readStanding(
  { standings, users, world }: Ports,
  { sender, recipient }: Draft,
): Promise<Standing & { sender: User }> {
  const standing = await standings.read({ sender, recipient });
  if (standing.sender === undefined) await users.create(sender, world.nowMs());
  return { ...standing, sender: standing.sender ?? { username: sender } };
}

/**
 * The stored message with this id, above `searchedTo`. Ids mostly grow, so that a new one is known by the last message alone;
 * else the log is read back to where all ids are lower, or to the id's own time less what clocks may differ by.
 */
async function find(options: {
  log: MessageLog;
  conversation: string;
  last: LogEntry | undefined;
  id: string;
  searchedTo: number;
}): Promise<Message | undefined> {
  const { log, conversation, last, id, searchedTo } = options;
  const oldestMs = messageIdMs(id) - ID_SKEW_MS_MAX;
  const isBelow = ({ message, newestId }: LogEntry) =>
    newestId < id || message.seq <= searchedTo || Date.parse(message.createdAt) < oldestMs;

  let entries = last === undefined ? [] : [last];
  let bytesRead = 0;
  for (let limit = SEARCH_PAGE_FIRST; ; limit = Math.min(2 * limit, SEARCH_PAGE_MAX)) {
    const found = entries.find(({ message }) => message.id === id);
    const oldest = entries.at(-1);
    if (found !== undefined || oldest === undefined || isBelow(oldest)) return found?.message;
    for (const { message } of entries) bytesRead += ENTRY_BYTES + message.text.length;
    if (bytesRead > SEARCH_BYTES_MAX)
      throw new Refusal(
        "id_too_old",
        `The id is from ${new Date(messageIdMs(id)).toISOString()}, and too much was written since to search it all. ` +
          "Look for the message in the log before sending it with a new id.",
      );
    entries = await log.backward({ conversation, before: oldest.message.seq, limit });
  }
}

function sameMessage(stored: Message, { sender, text }: Draft): Message {
  if (stored.sender === sender && stored.text === text) return stored;
  throw new Refusal("id_reused", `The id ${stored.id} belongs to another message, number ${stored.seq} of the log.`);
}

function next(options: { last: LogEntry | undefined; draft: Draft; id: string; nowMs: number }): LogEntry {
  const { last, draft, id, nowMs } = options;
  const { sender, recipient, text } = draft;
  const createdAtMs = Math.max(nowMs, last === undefined ? 0 : Date.parse(last.message.createdAt));
  const mine = last?.message.sender === sender ? last.bursts.sender : last?.bursts.recipient;
  const theirs = last?.message.sender === sender ? last.bursts.recipient : last?.bursts.sender;
  return {
    message: {
      id,
      seq: (last?.message.seq ?? 0) + 1,
      sender,
      recipient,
      text,
      createdAt: new Date(createdAtMs).toISOString(),
    },
    newestId: last !== undefined && last.newestId > id ? last.newestId : id,
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
  const serverTime = new Date(nowMs).toISOString();
  if (aheadMs > ID_SKEW_MS_MAX)
    throw new Refusal(
      "id_from_the_future",
      `The id is ${Math.round(aheadMs / 1000)} s ahead of the server's time, ${serverTime}; ` +
        `at most ${ID_SKEW_MS_MAX / 1000} s are allowed. Set the clock, or take the time from this answer.`,
      { serverTime },
    );
}

function limitsOf(sender: string, limits: SenderLimits): SenderLimits {
  return limits.unlimited?.includes(sender) ? SENDER_LIMITS_OFF : limits;
}

function refuseBurst({ messagesPerBurst }: SenderLimits, burst: Burst, nowMs: number): void {
  if (messagesPerBurst === null || burst.messages <= messagesPerBurst) return;
  throw new Refusal(
    "too_many_messages",
    `At most ${messagesPerBurst} messages in ${BURST_WINDOW_MS / 1000} s may go to one conversation.`,
    { retryAfterSeconds: secondsUntil(burst.startedAtMs + BURST_WINDOW_MS, nowMs) },
  );
}

async function countNewPeer({ users, world, limits }: Ports, { sender, recipient }: Draft): Promise<void> {
  const { newPeersPerHour } = limits;
  if (newPeersPerHour === null) return;
  const nowMs = world.nowMs();
  const counted = await users.countNewPeer({
    username: sender,
    peer: recipient,
    nowMs,
    windowMs: NEW_PEERS_WINDOW_MS,
    max: newPeersPerHour,
  });
  if (counted === "counted") return;
  throw new Refusal("too_many_new_peers", `At most ${newPeersPerHour} new conversations may be opened in an hour.`, {
    retryAfterSeconds: secondsUntil(counted.windowEndsAtMs, nowMs),
  });
}

function secondsUntil(thenMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((thenMs - nowMs) / 1000));
}
