import { MESSAGE_PAGE_DEFAULT, MESSAGE_PAGE_MAX, TYPED_LENGTH_MAX } from "../functions/protocol/limits.ts";
import type { Message, Profile, Row } from "../functions/protocol/wire.ts";
import type { Api } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import type { ChatMessage, Conversation, ConversationEvents } from "./conversation.ts";
import { DuetError, toDuetError } from "./duet-error.ts";
import { batched, Emitter } from "./emitter.ts";
import { fetchPage } from "./message-pages.ts";
import { MessageView } from "./message-view.ts";
import { type Outbox, type OutboxEntry, OutboxFullError } from "./outbox.ts";
import { Timeline, type WantedPage } from "./timeline.ts";
import { signal } from "./waiting.ts";
import type { World } from "./world.ts";

/** The peer is told so often at most that the user is typing. */
const TYPING_PAUSE_MS = 3_000;

export interface ConversationPorts {
  world: World;
  api: Api;
  outbox: Outbox;
  /** Resolves when the outbox has what an earlier process left. */
  ready: Promise<void>;
  username(): string;
  row(peer: string): Row | undefined;
  profile(peer: string): Profile | undefined;
  isTyping(peer: string): boolean;
  /** Takes messages that were fetched. */
  fetched(joined: Message[]): void;
  /** Raises the user's read marker, here and at the server. */
  markRead(peer: string, seq: number): void;
  setBlocked(peer: string, isBlocked: boolean): void;
  sendFrame(frame: object): boolean;
  /** Resolves after so many ms, or when it is worth trying again; never once the client is closed. */
  wait(ms: number): Promise<void>;
  onError(error: DuetError): void;
}

/** A conversation that is kept up to date by the client, which tells it what comes. */
export class LiveConversation implements Conversation {
  readonly peer: string;
  readonly #ports: ConversationPorts;
  readonly #timeline = new Timeline();
  readonly #view: MessageView;
  readonly #emitter: Emitter<ConversationEvents>;
  /** Tells of a change. */
  readonly changed: () => void;
  /** Who waits for a message to be stored, by the order of its entry. */
  readonly #waiting = new Map<number, { resolve(message: ChatMessage): void; reject(error: DuetError): void }>();
  #messages: readonly ChatMessage[] | undefined;
  #held: Conversation["held"];
  #isFetching = false;
  #isClosed = false;
  readonly #closed = signal<void>();
  #earlier: Promise<boolean> | undefined;
  #toldTypingAtMs = Number.NEGATIVE_INFINITY;

  constructor(peer: string, ports: ConversationPorts) {
    this.peer = peer;
    this.#ports = ports;
    this.#view = new MessageView(peer);
    this.#emitter = new Emitter(ports.onError);
    const emit = batched(() => this.#emitter.emit("change", undefined));
    this.changed = () => {
      this.#messages = undefined;
      emit();
    };
  }

  get messages(): readonly ChatMessage[] {
    const { outbox, row, username } = this.#ports;
    this.#messages ??= this.#view.show({
      me: username(),
      row: row(this.peer),
      stored: this.#timeline.messages,
      waiting: outbox.entries.filter(({ peer }) => peer === this.peer),
    });
    return this.#messages;
  }

  get isLoaded(): boolean {
    return this.#timeline.isOpen;
  }

  get hasEarlier(): boolean {
    return this.#timeline.earlier !== undefined;
  }

  get unread(): number {
    return this.#ports.row(this.peer)?.unread ?? 0;
  }

  get isBlocked(): boolean {
    return this.#ports.row(this.peer)?.blocked ?? false;
  }

  get isPeerTyping(): boolean {
    return this.#ports.isTyping(this.peer);
  }

  get held(): Conversation["held"] {
    return this.#held;
  }

  get profile(): Profile | undefined {
    return this.#ports.profile(this.peer);
  }

  on<Name extends keyof ConversationEvents>(
    name: Name,
    listener: (payload: ConversationEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  send(text: string): Promise<ChatMessage> {
    return quiet(this.#send(text));
  }

  async #send(text: string): Promise<ChatMessage> {
    const { outbox, ready } = this.#ports;
    if (text.trim() === "") throw new DuetError("empty_text", "The text is empty, or white space alone.");
    if (text.length > TYPED_LENGTH_MAX)
      throw new DuetError(
        "text_too_long",
        `A text has at most ${TYPED_LENGTH_MAX} UTF-16 code units; this one has ${text.length}.`,
      );
    await Promise.race([ready, this.#closed.promise]);
    if (this.#isClosed) throw closedError();
    let stored: Promise<ChatMessage> | undefined;
    const adding = outbox.add({ peer: this.peer, text }, ({ order }) => {
      stored = quiet(this.#untilStored(order));
    });
    await adding.catch((cause: unknown) => {
      if (cause instanceof OutboxFullError) throw new DuetError("outbox_full", cause.message, { cause });
      throw new DuetError("storage_failed", `The message was not kept, and not sent: ${cause}`, { cause });
    });
    return stored as unknown as Promise<ChatMessage>;
  }

  retry(id: string): Promise<ChatMessage> {
    return quiet(this.#retry(id));
  }

  async #retry(id: string): Promise<ChatMessage> {
    const { order } = this.#failed(id);
    const stored = quiet(this.#untilStored(order));
    await this.#ports.outbox.retry(order);
    return stored;
  }

  async discard(id: string): Promise<void> {
    const { order } = this.#failed(id);
    await this.#ports.outbox.discard(order);
  }

  #failed(id: string): OutboxEntry {
    const isIt = (entry: OutboxEntry) => entry.id === id && entry.peer === this.peer && entry.refusal !== undefined;
    const entry = this.#ports.outbox.entries.find(isIt);
    if (entry === undefined) throw new DuetError("not_found", `No message that has failed has the id ${id}.`);
    return entry;
  }

  #untilStored(order: number): Promise<ChatMessage> {
    if (this.#isClosed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => this.#waiting.set(order, { resolve, reject }));
  }

  /** A message of the outbox, which was taken, is stored. */
  stored(message: Message, { order }: OutboxEntry): void {
    this.#view.stored(order, message);
    this.changed();
    const { resolve } = this.#waiting.get(order) ?? {};
    this.#waiting.delete(order);
    const shown = this.messages.find((each) => each.id === message.id);
    if (shown !== undefined) resolve?.(shown);
  }

  refused({ order, refusal }: OutboxEntry): void {
    const { reject } = this.#waiting.get(order) ?? {};
    this.#waiting.delete(order);
    reject?.(new DuetError(refusal?.code ?? "no_answer", refusal?.detail ?? ""));
    this.changed();
  }

  /** The server takes nothing more for so long; without `held`: no longer. */
  hold(held?: { code: string; ms: number }): void {
    this.#held = held && { code: held.code, untilMs: this.#ports.world.nowMs() + held.ms };
    this.changed();
  }

  /** The client is closed: nobody waits any more. */
  close(): void {
    this.#isClosed = true;
    this.#closed.resolve();
    for (const { reject } of this.#waiting.values()) reject(closedError());
    this.#waiting.clear();
  }

  loadEarlier(): Promise<boolean> {
    this.#earlier ??= this.#loadEarlier().finally(() => {
      this.#earlier = undefined;
    });
    return this.#earlier;
  }

  async #loadEarlier(): Promise<boolean> {
    const page = this.isLoaded ? this.#timeline.earlier : ({ newest: true } as const);
    if (page !== undefined) await this.#fetchPage(page);
    return this.hasEarlier;
  }

  markRead(): void {
    const last = this.#timeline.messages.at(-1);
    if (last !== undefined && this.unread > 0) this.#ports.markRead(this.peer, last.seq);
  }

  typing(): void {
    const { world, sendFrame } = this.#ports;
    const nowMs = world.nowMs();
    // A clock that was set back does not keep it quiet.
    if (Math.abs(nowMs - this.#toldTypingAtMs) < TYPING_PAUSE_MS) return;
    if (sendFrame({ action: "typing", peer: this.peer })) this.#toldTypingAtMs = nowMs;
  }

  block(): Promise<void> {
    return this.#setBlock("PUT");
  }

  unblock(): Promise<void> {
    return this.#setBlock("DELETE");
  }

  async #setBlock(method: "PUT" | "DELETE"): Promise<void> {
    await this.#ports.api.ask(method, `conversations/${encodeURIComponent(this.peer)}/block`);
    this.#ports.setBlocked(this.peer, method === "PUT");
  }

  /** A message of the conversation, from wherever it comes. */
  take(message: Message): void {
    this.#joined(this.#timeline.add([message]));
    this.fetchMissing();
  }

  /** The log is known to reach this far. */
  reach(seq: number): void {
    this.#timeline.reach(seq);
    this.changed();
    this.fetchMissing();
  }

  /** Fetches what is missing, again and again until it is there; nothing where that is under way. */
  fetchMissing(): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    void this.#fetchAll().finally(() => {
      this.#isFetching = false;
    });
  }

  async #fetchAll(): Promise<void> {
    const { world, wait } = this.#ports;
    let failures = 0;
    for (let page = this.#timeline.missing; page !== undefined; page = this.#timeline.missing) {
      const before = this.#timeline.messages.length;
      const error = await this.#fetchPage(page).then(
        () => undefined,
        (thrown: unknown) => toDuetError(thrown),
      );
      if (error !== undefined && !error.isPassing) {
        this.#emitter.emit("error", error);
        return;
      }
      // A page that has nothing of what is missing counts as one that did not come.
      if (error === undefined && (!("after" in page) || this.#timeline.messages.length > before)) failures = 0;
      else await wait(backoffMs(++failures, world.random));
    }
  }

  async #fetchPage(page: WantedPage): Promise<void> {
    const limit = "before" in page ? MESSAGE_PAGE_DEFAULT : "after" in page ? MESSAGE_PAGE_MAX : undefined;
    const messages = await fetchPage(this.#ports.api, { peer: this.peer, page, limit });
    this.#joined("newest" in page ? this.#timeline.open(messages) : this.#timeline.add(messages));
    // An empty conversation has been loaded too.
    if (messages.length === 0) this.changed();
  }

  #joined(joined: Message[]): void {
    if (joined.length === 0) return;
    this.#ports.fetched(joined);
    this.changed();
  }

  /** What waits has changed. A message that is gone without being stored was thrown away. */
  outboxChanged(): void {
    const orders = new Set(this.#ports.outbox.entries.map(({ order }) => order));
    for (const [order, { reject }] of this.#waiting) {
      if (orders.has(order)) continue;
      this.#waiting.delete(order);
      reject(new DuetError("discarded", "The message was thrown away."));
    }
    this.changed();
  }
}

function closedError(): DuetError {
  return new DuetError("closed", "The client was closed before the message was known to be stored.");
}

/** Whoever does not wait for it need not catch anything. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
