/** Sends a second, of all users together, between which provisioned capacity follows the load. */
export interface SteadyLoad {
  /** What is paid for at any hour. A whole number of at least 1. */
  sendsPerSecondMin: number;
  /** What it can rise to. A whole number, not below `sendsPerSecondMin`. */
  sendsPerSecondMax: number;
}

/** What a send uses of the tables it writes to (docs/performance.md). Those that it only reads stay on demand. */
export const UNITS_PER_SEND = {
  messages: { read: 1, write: 1 },
  conversations: { read: 1, write: 2 },
} as const;

/** Room for read markers, syncs and pages of the log, of which there are about as many as sends. */
const ROOM = 2;

/** The units a second between which capacity moves, where a send takes `units`. Throws where the load is no range. */
export function capacityRange({ sendsPerSecondMin: min, sendsPerSecondMax: max }: SteadyLoad, units: number) {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 1 || max < min)
    throw new Error(`A steady load is a range of whole numbers from 1 on, such as 5 to 200; got ${min} to ${max}`);
  return { minCapacity: min * units, maxCapacity: max * units * ROOM };
}
