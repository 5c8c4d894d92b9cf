/** Time and chance, handed in so that a test can hold them still. */
export interface World {
  /** The device's time, ms since the epoch. It may be wrong by any amount: the server's is learned from its answers. */
  nowMs(): number;
  /** 0 ≤ x < 1. It spreads attempts in time; ids and keys are not made of it. */
  random(): number;
  /** Calls `action` once after so many ms, or later where the device slept. The function that is answered cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** The device's own clock, timers and chance. */
export const deviceWorld: World = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/** What has not settled by then rejects with what `late` makes. */
export function within<T>(world: World, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = world.after(ms, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}
