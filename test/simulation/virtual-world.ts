import { setImmediate } from "node:timers/promises";

/** When a simulation begins: any time will do. */
const START_MS = Date.parse("2026-01-01T00:00:00.000Z");

/** Time and chance of a simulation: one seed makes one run, event for event. */
export class VirtualWorld {
  nowMs = START_MS;
  /** Events that have happened. */
  events = 0;
  #order = 0;
  readonly #queue: { atMs: number; order: number; happen: () => void }[] = [];
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  get elapsedMs(): number {
    return this.nowMs - START_MS;
  }

  /** 0 ≤ x < 1. Mulberry32, public domain. */
  random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  between(min: number, max: number): number {
    return min + this.random() * (max - min);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error("There is nothing to pick from");
    return item;
  }

  after(ms: number, happen: () => void): void {
    const event = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, happen };
    this.#queue.push(event);
    let child = this.#queue.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  sleep = (ms: number): Promise<void> => new Promise((resolve) => this.after(ms, resolve));

  /** Lets events happen, in the order of their times, for so long, or until there is none, or `isDone`. */
  async run(ms: number, isDone: () => boolean = () => false): Promise<void> {
    const endMs = this.nowMs + ms;
    await setImmediate();
    for (let next = this.#queue[0]; next !== undefined && next.atMs <= endMs && !isDone(); next = this.#queue[0]) {
      this.#removeFirst();
      this.nowMs = next.atMs;
      this.events++;
      next.happen();
      // Everything that follows from the event without waiting for another one follows here.
      await setImmediate();
    }
    if (!isDone()) this.nowMs = endMs;
  }

  #removeFirst(): void {
    const last = this.#queue.pop();
    if (last === undefined || this.#queue.length === 0) return;
    this.#queue[0] = last;
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < this.#queue.length && this.#isBefore(child, first)) first = child;
      if (first === parent) return;
      this.#swap(first, parent);
      parent = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#queue[a], this.#queue[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#queue[a], this.#queue[b]];
    if (one === undefined || other === undefined) return;
    this.#queue[a] = other;
    this.#queue[b] = one;
  }
}
