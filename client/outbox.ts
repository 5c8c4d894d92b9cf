import type { Message } from "../functions/protocol/wire.ts";
import { backoffMs } from "./backoff.ts";
import type { ServerClock } from "./server-clock.ts";

/** Messages that wait at most; another is refused with `OutboxFullError`. */
export const OUTBOX_MAX = 1000;

/** A message on its way. It keeps its id until it is stored, so that it may be sent any number of times. */
export interface OutboxEntry {
  /** UUIDv7; made anew only where the server has refused it as too far in the future, and so has stored nothing. */
  id: string;
  peer: string;
  text: string;
  /** Rises with each message that is added. */
  order: number;
  /** Set when the server refused it for good; it waits to be sent again, or thrown away. */
  refusal?: { code: string; detail: string };
}

/** Where entries outlive the process. Each call resolves when it is durable. */
export interface OutboxStore {
  /** What an earlier client has left. */
  load(): Promise<OutboxEntry[]>;
  /** Adds or replaces the entry with this `order`. */
  put(entry: OutboxEntry): Promise<void>;
  /** Forgets the entry with this `order`, if there is one. */
  remove(order: number): Promise<void>;
}

/** The answer to `POST /api/conversations/{peer}/messages`. */
export interface PostAnswer {
  status: number;
  /** The body's JSON, if it is that. */
  body: unknown;
  retryAfterSeconds?: number;
}

export interface OutboxPorts {
  store: OutboxStore;
  /** Posts once. Rejects when no answer came: then it may be stored all the same. */
  post(entry: Pick<OutboxEntry, "id" | "peer" | "text">): Promise<PostAnswer>;
  /** Resolves after so many milliseconds, or sooner when it is worth trying again, as when the network is back. */
  wait(ms: number): Promise<void>;
  random(): number;
  /** A new UUIDv7 of that time. */
  newId(nowMs: number): string;
  clock: ServerClock;
  /** A message is stored. It is called before the entry is forgotten, and perhaps twice for one message. */
  onStored(message: Message, entry: OutboxEntry): void;
  onRefused(entry: OutboxEntry): void;
  /** What waits has changed in any other way: an entry has come, gone, got another id, or is to be sent again. */
  onChange?(peer: string): void;
  /** The server takes nothing more for the peer for so many ms, since too much came at once; without `held`: no longer. */
  onHeld?(peer: string, held?: { code: string; ms: number }): void;
}

export class OutboxFullError extends Error {
  override name = "OutboxFullError";
}

/**
 * Sends each message until it is stored or refused for good: one at a time in each conversation, in the order in which
 * they were added, always with the same id. What is in the store outlives the process.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #entries = new Map<number, OutboxEntry>();
  /** By `order`: those that are not yet durable, and are not sent before. */
  readonly #unkept = new Set<number>();
  /** Ids of which an attempt ended in no clear answer, so that they may be stored: only these ids will do from then on. */
  readonly #doubtful = new Set<string>();
  /** Ids that were seen in the log before their answer came. */
  readonly #seen = new Set<string>();
  readonly #sending = new Set<string>();
  #nextOrder = 1;
  #isStopped = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** What waits, in the order in which it was added; refused ones too. */
  get entries(): OutboxEntry[] {
    return [...this.#entries.values()].sort((a, b) => a.order - b.order);
  }

  /** Takes up what an earlier process left. To be called once, before anything is added. */
  async start(): Promise<void> {
    for (const entry of await this.#ports.store.load()) {
      this.#entries.set(entry.order, entry);
      this.#doubtful.add(entry.id);
      this.#nextOrder = Math.max(this.#nextOrder, entry.order + 1);
    }
    for (const { peer } of this.entries) this.#send(peer);
  }

  /** Sends nothing more; the answer to what is under way is still taken. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Resolves when the message is kept, before it is sent. `placed` is called at once, with the message in its place.
   * Rejects with `OutboxFullError`.
   */
  async add(
    { peer, text }: { peer: string; text: string },
    placed?: (entry: OutboxEntry) => void,
  ): Promise<OutboxEntry> {
    if (this.#entries.size >= OUTBOX_MAX) throw new OutboxFullError(`${OUTBOX_MAX} messages are waiting to be sent`);
    const { store, newId, clock } = this.#ports;
    const entry = { id: newId(clock.nowMs()), peer, text, order: this.#nextOrder++ };
    // It holds its place from now on, so that what is added next does not overtake it.
    this.#entries.set(entry.order, entry);
    this.#unkept.add(entry.order);
    placed?.(entry);
    this.#ports.onChange?.(peer);
    try {
      await store.put(entry);
    } catch (error) {
      this.#entries.delete(entry.order);
      this.#ports.onChange?.(peer);
      throw error;
    } finally {
      this.#unkept.delete(entry.order);
      this.#send(peer);
    }
    return entry;
  }

  /** Sends a refused message again, with the same id. */
  async retry(order: number): Promise<void> {
    const entry = this.#entries.get(order);
    if (entry === undefined) return;
    const { refusal: _, ...again } = entry;
    await this.#replace(again);
    this.#send(entry.peer);
  }

  /**
   * The message was seen in the log. If it was refused, or is yet to be, while an earlier attempt was still under way, it is sent again:
   * the repeat is acknowledged, and finishes what that attempt may have left.
   */
  async confirm({ id }: Pick<Message, "id">): Promise<void> {
    const entry = this.entries.find((each) => each.id === id);
    if (entry === undefined) return;
    this.#seen.add(id);
    if (entry.refusal !== undefined) await this.retry(entry.order);
  }

  /** Throws a refused message away. */
  async discard(order: number): Promise<void> {
    if (this.#entries.get(order)?.refusal !== undefined) await this.#forget(order);
  }

  /** Sends what waits for the peer, one after another, unless that is under way. */
  #send(peer: string): void {
    if (this.#sending.has(peer)) return;
    this.#sending.add(peer);
    void this.#sendAll(peer);
  }

  async #sendAll(peer: string): Promise<void> {
    for (let failures = 0; ; ) {
      const entry = this.entries.find((each) => each.peer === peer && each.refusal === undefined);
      if (entry === undefined || this.#unkept.has(entry.order) || this.#isStopped) {
        this.#sending.delete(peer);
        return;
      }
      const answer = await this.#ports.post(entry).catch(() => undefined);
      const waitMs = await this.#settle(entry, answer).catch(() => 0);
      failures = waitMs === undefined ? 0 : failures + 1;
      if (waitMs === undefined) continue;
      const ms = Math.max(waitMs, backoffMs(failures, this.#ports.random));
      const code = answer?.status === 429 ? codeOf(answer) : undefined;
      // A gateway's own limit has none, and is over in a moment.
      if (code !== undefined) this.#ports.onHeld?.(peer, { code, ms });
      await this.#ports.wait(ms);
      if (code !== undefined) this.#ports.onHeld?.(peer);
    }
  }

  /** Does what the answer asks for; answers how long to wait at least before the entry is sent again, if it is. */
  async #settle(entry: OutboxEntry, answer: PostAnswer | undefined): Promise<number | undefined> {
    if (answer === undefined || answer.status >= 500) this.#doubtful.add(entry.id);
    if (answer === undefined) return 0;
    const { status, retryAfterSeconds = 0 } = answer;
    const { message, detail, serverTime } = (answer.body ?? {}) as Record<string, unknown>;
    const code = codeOf(answer);
    if (status === 200 || status === 201) {
      this.#ports.onStored(message as Message, entry);
      await this.#forget(entry.order);
      return undefined;
    }
    if (code === "id_from_the_future" && typeof serverTime === "string") {
      this.#ports.clock.learn(serverTime);
      // An earlier attempt may be stored, or under way: then this id has to wait until its time has come.
      if (!this.#doubtful.has(entry.id))
        await this.#replace({ ...entry, id: this.#ports.newId(this.#ports.clock.nowMs()) });
      return 0;
    }
    if (isPassing(status) || this.#seen.has(entry.id) || code === undefined) return retryAfterSeconds * 1000;
    const refused = { ...entry, refusal: { code, detail: String(detail) } };
    await this.#replace(refused);
    this.#ports.onRefused(refused);
    return undefined;
  }

  async #replace(entry: OutboxEntry): Promise<void> {
    await this.#ports.store.put(entry);
    this.#entries.set(entry.order, entry);
    this.#ports.onChange?.(entry.peer);
  }

  async #forget(order: number): Promise<void> {
    await this.#ports.store.remove(order);
    const { id = "", peer = "" } = this.#entries.get(order) ?? {};
    this.#doubtful.delete(id);
    this.#seen.delete(id);
    this.#entries.delete(order);
    this.#ports.onChange?.(peer);
  }
}

function codeOf({ body }: PostAnswer): string | undefined {
  const { code } = (body ?? {}) as Record<string, unknown>;
  return typeof code === "string" ? code : undefined;
}

/** Too many at once, a token to be renewed, or a fault: another attempt may succeed. */
function isPassing(status: number): boolean {
  return status === 401 || status === 408 || status === 429 || status >= 500;
}
