import { cpus } from "node:os";

/** A shorter time says nothing: the counters rise in steps of 10 ms. */
const SPAN_MS_MIN = 100;
/** With less than this share of its processors idle a machine has nothing left for another process. */
const IDLE_SHARE_MIN = 0.1;

let before = { atMs: performance.now(), ...times() };
let isBusy = false;

/** Whether all of the machine's processors were at work lately, for whomever. */
export function isMachineBusy(): boolean {
  const now = { atMs: performance.now(), ...times() };
  if (now.atMs - before.atMs < SPAN_MS_MIN) return isBusy;
  isBusy = (now.idleMs - before.idleMs) / Math.max(1, now.allMs - before.allMs) < IDLE_SHARE_MIN;
  before = now;
  return isBusy;
}

function times(): { idleMs: number; allMs: number } {
  let [idleMs, allMs] = [0, 0];
  for (const { times } of cpus()) {
    idleMs += times.idle;
    allMs += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idleMs, allMs };
}
