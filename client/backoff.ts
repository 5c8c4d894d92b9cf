const FIRST_MS = 500;
const MAX_MS = 30_000;

/**
 * How long to wait after so many failures in a row: anything from nothing to twice as long each time, from 1 s to 30 s
 * ("full jitter"), so that clients that failed together do not come back together.
 */
export function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(MAX_MS, FIRST_MS * 2 ** failures);
}
