import type { World } from "./world.ts";

/** Those who wait to try something again. All are woken when it is worth trying at once. */
export class Waiting {
  readonly #world: World;
  readonly #wakers = new Set<{ wake(): void; cancel(): void }>();
  #isHeld = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Resolves after so many ms, or when all are woken; never once it has stopped. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waker = { cancel: () => {}, wake: () => {} };
      waker.wake = () => {
        waker.cancel();
        this.#wakers.delete(waker);
        resolve();
      };
      waker.cancel = this.#world.after(ms, () => {
        if (!this.#isHeld) waker.wake();
      });
      this.#wakers.add(waker);
    });
  }

  wake(): void {
    if (!this.#isHeld) for (const { wake } of [...this.#wakers]) wake();
  }

  /** Nothing is worth trying: whoever has waited long enough waits on, until that is over. */
  hold(isHeld: boolean): void {
    const isOver = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isOver) this.wake();
  }

  /** Nobody is woken any more, and no timer is left. */
  stop(): void {
    this.#isHeld = true;
    for (const { cancel } of this.#wakers) cancel();
  }
}

/** Something that comes once: whoever asks before waits for it. */
export function signal<T>(): { promise: Promise<T>; resolve(value: T | Promise<T>): void } {
  let resolve: (value: T | Promise<T>) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve(value) };
}
