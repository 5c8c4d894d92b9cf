import type { World } from "../../client/world.ts";

/** The real clock and timers, which can be put forward: then what is due meanwhile is late, as after a sleep. */
export function testWorld({ random = Math.random }: { random?: () => number } = {}) {
  let aheadMs = 0;
  const timers = new Set<{ dueMs: number; action: () => void; handle?: NodeJS.Timeout }>();
  const nowMs = () => Date.now() + aheadMs;
  const set = (timer: { dueMs: number; action: () => void; handle?: NodeJS.Timeout }) => {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => {
      timers.delete(timer);
      timer.action();
    }, timer.dueMs - nowMs());
  };
  const world: World = {
    nowMs,
    random,
    after(ms, action) {
      const timer = { dueMs: nowMs() + ms, action };
      timers.add(timer);
      set(timer);
      return () => {
        timers.delete(timer);
        clearTimeout((timer as { handle?: NodeJS.Timeout }).handle);
      };
    },
  };
  return {
    world,
    sleep(ms: number) {
      aheadMs += ms;
      for (const timer of timers) set(timer);
    },
  };
}

/** Attempts that follow one another soon, but not at once. */
export const eager = () => 0.02;
