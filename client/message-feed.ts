import { MESSAGE_PAGE_MAX } from "../functions/protocol/limits.ts";
import type { Message, Row } from "../functions/protocol/wire.ts";
import type { Api } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import { type DuetError, toDuetError } from "./duet-error.ts";
import { fetchPage } from "./message-pages.ts";
import type { PositionStore } from "./storage.ts";
import { Timeline } from "./timeline.ts";
import type { World } from "./world.ts";

/** Messages that wait to be taken; what is pushed beyond that is fetched when its turn comes. */
const QUEUE_MAX = 500;

export interface MessageFeedPorts {
  api: Api;
  world: World;
  username(): string;
  rows(): Row[];
  /** Resolves when the rows are known from a whole sync, and the storage is open. */
  ready: Promise<PositionStore>;
  wait(ms: number): Promise<void>;
  onError(error: DuetError): void;
  onEnd(): void;
}

/** The messages of all conversations, one after another, for one consumer: what `messages()` answers. */
export class MessageFeed implements AsyncIterableIterator<Message> {
  readonly #ports: MessageFeedPorts;
  readonly #withOwn: boolean;
  /** The last `seq` that was put into the queue, by peer. */
  readonly #positions = new Map<string, number>();
  /** What lies behind the positions, as far as it is known, of conversations where there is something. */
  readonly #timelines = new Map<string, Timeline>();
  readonly #queue: Message[] = [];
  #store: PositionStore | undefined;
  #given: Message | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isEnded = false;
  #wake = () => {};
  #end = () => {};
  readonly #ended: Promise<undefined>;

  constructor(ports: MessageFeedPorts, { own }: { own: boolean }) {
    this.#ports = ports;
    this.#withOwn = own;
    this.#ended = new Promise((resolve) => {
      this.#end = () => resolve(undefined);
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** One after another, also when they are asked for at once. */
  next(): Promise<IteratorResult<Message>> {
    this.#last = this.#last.catch(() => undefined).then(() => this.#next());
    return this.#last as Promise<IteratorResult<Message>>;
  }

  async #next(): Promise<IteratorResult<Message>> {
    this.#store ??= await Promise.race([this.#begin(), this.#ended]);
    if (this.#given !== undefined) await this.#took(this.#given);
    this.#given = undefined;
    for (let failures = 0; !this.#isEnded; ) {
      const message = this.#queue.shift();
      if (message === undefined) failures = (await this.#more()) ? 0 : await this.#rest(failures + 1);
      else if (this.#withOwn || message.sender !== this.#ports.username()) {
        this.#given = message;
        return { done: false, value: message };
      } else await this.#took(message);
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Message>> {
    this.end();
    return { done: true, value: undefined };
  }

  /** No more messages: who waits for one is told so. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#end();
    this.#ports.onEnd();
  }

  /** A message of that conversation, which may be one that is wanted next. */
  take(peer: string, message: Message): void {
    if (this.#store === undefined || message.seq <= this.#position(peer)) return;
    if (this.#queue.length < QUEUE_MAX) this.#add(peer, [message]);
    else this.#timeline(peer).reach(message.seq);
    this.#wake();
  }

  /** The conversation's log reaches that far. */
  reach(peer: string, seq: number): void {
    if (this.#store === undefined || seq <= this.#position(peer)) return;
    this.#timeline(peer).reach(seq);
    this.#wake();
  }

  async #begin(): Promise<PositionStore> {
    const { ready, rows, onError } = this.#ports;
    const store = await ready;
    // The first time ever, what is unread counts as missed, and nothing before it.
    const kept = await store.load();
    const positions = kept ?? Object.fromEntries(rows().map(({ peer, readSeq }) => [peer, readSeq]));
    if (kept === undefined)
      await store.raise(positions).catch((error) => onError(toDuetError(error, "storage_failed")));
    for (const [peer, seq] of Object.entries(positions)) this.#positions.set(peer, seq);
    this.#store = store;
    for (const { peer, lastSeq } of rows()) this.reach(peer, lastSeq);
    return store;
  }

  /** What was given is done with once the next is asked for. */
  async #took(message: Message): Promise<void> {
    const peer = message.sender === this.#ports.username() ? message.recipient : message.sender;
    await this.#store
      ?.raise({ [peer]: message.seq })
      .catch((error: unknown) => this.#ports.onError(toDuetError(error, "storage_failed")));
  }

  /** Fetches a page where something is missing, or waits until there is something. False where that failed. */
  async #more(): Promise<boolean> {
    const behind = [...this.#timelines].find(([, timeline]) => timeline.missing !== undefined);
    if (behind === undefined) {
      await Promise.race([new Promise<void>((resolve) => this.#onWake(resolve)), this.#ended]);
      return true;
    }
    const [peer, timeline] = behind;
    // The others' turn comes before this one's next.
    this.#timelines.delete(peer);
    this.#timelines.set(peer, timeline);
    const after = this.#position(peer);
    try {
      this.#add(peer, await fetchPage(this.#ports.api, { peer, page: { after }, limit: MESSAGE_PAGE_MAX }));
    } catch (thrown) {
      const error = toDuetError(thrown);
      if (!error.isPassing) this.#ports.onError(error);
      return false;
    }
    // A page that has nothing of what is missing counts as one that did not come.
    return this.#position(peer) > after;
  }

  #onWake(resolve: () => void): void {
    this.#wake = resolve;
  }

  async #rest(failures: number): Promise<number> {
    const { wait, world } = this.#ports;
    await Promise.race([wait(backoffMs(failures, world.random)), this.#ended]);
    return failures;
  }

  #add(peer: string, messages: Message[]): void {
    // A push may have brought them while the page was under way.
    const isNew = ({ seq }: Message) => seq > this.#position(peer);
    const timeline = this.#timeline(peer);
    const joined = timeline.add(messages.filter(isNew));
    const last = joined.at(-1);
    if (last === undefined) return;
    this.#queue.push(...joined);
    this.#positions.set(peer, last.seq);
    // What has joined is in the queue: the timeline begins anew behind it, so that it does not grow.
    const rest = new Timeline({ after: last.seq });
    rest.reach(timeline.lastSeq);
    this.#timelines.set(peer, rest);
  }

  #position(peer: string): number {
    return this.#positions.get(peer) ?? 0;
  }

  #timeline(peer: string): Timeline {
    const there = this.#timelines.get(peer) ?? new Timeline({ after: this.#position(peer) });
    this.#timelines.set(peer, there);
    return there;
  }
}
