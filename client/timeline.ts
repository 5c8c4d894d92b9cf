import type { Message } from "../functions/protocol/wire.ts";

/** Messages that came before those between them; further ones are dropped, and fetched when their turn comes. */
export const HELD_MAX = 500;

/** A page of the log that is to be fetched: the newest, or the one behind or before a `seq`. */
export type WantedPage = { newest: true } | { after: number } | { before: number };

/**
 * The messages of one conversation as one device holds them: a run without a gap, whatever order they come in and
 * however often. It is pure: it says what is missing, and somebody fetches it.
 */
export class Timeline {
  #run: Message[] = [];
  /** The last `seq` of the run, also of an empty one; unknown until the first page is there. */
  #end: number | undefined;
  readonly #held = new Map<number, Message>();
  #lastSeq = 0;

  /** With `after`, the run begins behind that `seq`: all that follows is wanted. Without, it begins with the newest page. */
  constructor({ after }: { after?: number } = {}) {
    this.#end = after;
    this.#lastSeq = after ?? 0;
  }

  /** In the order of `seq`, each once, without a gap. */
  get messages(): readonly Message[] {
    return this.#run;
  }

  /** The last `seq` of the log, as far as is known. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether it has a beginning: the first page, or the `seq` that it was made with. */
  get isOpen(): boolean {
    return this.#end !== undefined;
  }

  /** What has to be fetched so that nothing that is known to exist is missing at the end. */
  get missing(): WantedPage | undefined {
    if (this.#end === undefined) return { newest: true };
    return this.#end < this.#lastSeq ? { after: this.#end } : undefined;
  }

  /** The page above the run; none where the run begins with the log's first message, or nothing was fetched yet. */
  get earlier(): WantedPage | undefined {
    const start = this.#run[0]?.seq ?? (this.#end ?? 0) + 1;
    return this.#end === undefined || start <= 1 ? undefined : { before: start };
  }

  /** The log is known to reach this far, from a row. */
  reach(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** Takes the newest page, in rising `seq`. Messages that have joined the run are answered, as by `add`. */
  open(newestPage: readonly Message[]): Message[] {
    this.#end ??= (newestPage[0]?.seq ?? 1) - 1;
    return this.add(newestPage);
  }

  /**
   * Takes messages from wherever they come: a push, a page, the answer to a send. Answers those that have joined the
   * run by it, in the order of `seq`. What is there already, or comes too early, joins nothing.
   */
  add(messages: readonly Message[]): Message[] {
    for (const message of messages) {
      this.reach(message.seq);
      if (!this.#holds(message.seq)) this.#held.set(message.seq, message);
    }
    const joined = [...this.#takeEarlier(), ...this.#takeLater()];
    this.#dropExcess();
    return joined;
  }

  #holds(seq: number): boolean {
    const start = this.#run[0]?.seq;
    return start !== undefined && this.#end !== undefined && seq >= start && seq <= this.#end;
  }

  #takeLater(): Message[] {
    const joined: Message[] = [];
    while (this.#end !== undefined) {
      const next = this.#take(this.#end + 1);
      if (next === undefined) break;
      this.#end = next.seq;
      joined.push(next);
    }
    this.#run.push(...joined);
    return joined;
  }

  #takeEarlier(): Message[] {
    const joined: Message[] = [];
    if (this.#end === undefined) return joined;
    for (let seq = (this.#run[0]?.seq ?? this.#end + 1) - 1; ; seq--) {
      const message = this.#take(seq);
      if (message === undefined) break;
      joined.unshift(message);
    }
    this.#run.unshift(...joined);
    return joined;
  }

  #take(seq: number): Message | undefined {
    const message = this.#held.get(seq);
    this.#held.delete(seq);
    return message;
  }

  /** The nearest to the run are kept. */
  #dropExcess(): void {
    if (this.#held.size <= HELD_MAX) return;
    const seqs = [...this.#held.keys()].sort((a, b) => a - b);
    for (const seq of seqs.slice(HELD_MAX)) this.#held.delete(seq);
  }
}
