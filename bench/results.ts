import type { Faults, Pushes } from "./ledger.ts";
import type { Machine, Others } from "./machine.ts";
import type { Quantiles } from "./quantiles.ts";

/** Sends, at a rate or by senders that wait for their answers. */
export interface SendsResult {
  kind: "rate" | "senders";
  name: string;
  /** Sends a second that were meant, or senders. */
  load: number;
  seconds: number;
  sent: number;
  perSecond: number;
  /** Since a send was meant to begin, until its answer and until it was at the recipient's socket. */
  answerMs: Quantiles;
  deliveryMs: Quantiles;
  /** Answered by something else than 201, by status. Refused is not lost: the sender knows. */
  refused: Record<string, number>;
  faults: Faults;
  pushes: Pushes;
  /** Processor for each send, in ms, by process. */
  cpuMs: Record<string, number>;
}

export interface SocketsResult {
  kind: "sockets";
  name: string;
  opened: number;
  perSecond: number;
  openMs: Quantiles;
  /** For each socket. */
  cpuMs: Record<string, number>;
}

/** Something that is done a few times. */
export interface TimesResult {
  kind: "times";
  name: string;
  what: string;
  ms: Quantiles;
  faults: Faults;
}

export type Result = SendsResult | SocketsResult | TimesResult;

/** A run, as it is kept in `bench/results/`. */
export interface Run {
  beganAt: string;
  commit: string;
  machine: Machine;
  /** Before anything was started, while this command did nothing. */
  before: Others;
  seconds: number;
  results: (Result & { others: Others })[];
}

/** All faults of a run in one sum, which has to be 0. */
export function faultsOf({ results }: Pick<Run, "results">): number {
  return results.reduce(
    (sum, result) => ("faults" in result ? sum + Object.values(result.faults).reduce((a, b) => a + b) : sum),
    0,
  );
}
