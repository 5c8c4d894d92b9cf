import type { Message } from "../functions/protocol/wire.ts";

/** What must be 0 in each run. */
export interface Faults {
  /** Acknowledged, and not in the log, or not with the number it was acknowledged with, or never at the open socket. */
  lost: number;
  /** Twice in the log. */
  doubled: number;
  /** A number in the log that is not the next, or a message that says it is older than the one before. */
  outOfOrder: number;
}

/** Pushes that clients put right, so that they are no faults. */
export interface Pushes {
  repeated: number;
  overtaken: number;
}

/** Each send of one pair, in what became of it: its answer, its push and its place in the log. */
export class Ledger {
  readonly #acknowledged = new Map<string, number>();
  readonly #pushed = new Map<string, number>();
  readonly pushes: Pushes = { repeated: 0, overtaken: 0 };
  #lastPushed = 0;

  acknowledge(text: string, seq: number): void {
    this.#acknowledged.set(text, seq);
  }

  push(text: string, seq: number): void {
    if (this.#pushed.has(text)) this.pushes.repeated += 1;
    else if (seq < this.#lastPushed) this.pushes.overtaken += 1;
    this.#pushed.set(text, seq);
    this.#lastPushed = Math.max(this.#lastPushed, seq);
  }

  /** Acknowledged sends that have not come yet. */
  get outstanding(): number {
    return [...this.#acknowledged.keys()].filter((text) => !this.#pushed.has(text)).length;
  }

  /** Holds answers and pushes against the log, which is the truth. */
  audit(log: readonly Pick<Message, "seq" | "text" | "createdAt">[]): Faults {
    const seqs = new Map<string, number>();
    const faults: Faults = { lost: 0, doubled: 0, outOfOrder: 0 };
    for (const [index, { seq, text, createdAt }] of log.entries()) {
      if (seqs.has(text)) faults.doubled += 1;
      seqs.set(text, seq);
      if (seq !== index + 1 || createdAt < (log[index - 1]?.createdAt ?? "")) faults.outOfOrder += 1;
    }
    for (const [text, seq] of this.#acknowledged)
      if (seqs.get(text) !== seq || this.#pushed.get(text) !== seq) faults.lost += 1;
    return faults;
  }
}

export function sum(faults: readonly Faults[]): Faults {
  const of = (name: keyof Faults) => faults.reduce((total, fault) => total + fault[name], 0);
  return { lost: of("lost"), doubled: of("doubled"), outOfOrder: of("outOfOrder") };
}
