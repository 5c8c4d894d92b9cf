/**
 * What the service before this one did, for comparison.
 * Source: the authors of that service; Django Channels, Redis and SQLite in one process, measured on a machine of this kind
 * (2 cores) with nothing else running. Its send stores and pushes to one open socket, as ours does.
 */
export const ORIGINAL = {
  what: "Django Channels, Redis, SQLite, one process",
  source: "as its authors measured it",
  /** By senders at once, each sending again as soon as it is answered. */
  sendsPerSecond: { 1: 57, 8: 83, 32: 104 } as Record<number, number>,
  /** By sends a second, in ms. */
  deliveryMs: { 20: { p50: 14.6, p99: 36 } } as Record<number, { p50: number; p99: number }>,
  socketsPerSecond: 180,
} as const;
