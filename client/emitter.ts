import { DuetError } from "./duet-error.ts";

/** Calls listeners by the name of an event. What one of them throws breaks neither the others nor the caller. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();
  readonly #onListenerError: (error: DuetError) => void;

  constructor(onListenerError: (error: DuetError) => void) {
    this.#onListenerError = onListenerError;
  }

  /** The function that is answered takes the listener away again. A listener that is added twice is called twice. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const own = (payload: Events[Name]) => listener(payload);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])])
      try {
        (listener as (payload: Events[Name]) => void)(payload);
      } catch (cause) {
        const error = new DuetError("listener_failed", `A listener of "${String(name)}" threw: ${cause}`, { cause });
        // A listener for errors that throws is not told of its own error.
        if (name === "error") console.error(error);
        else this.#onListenerError(error);
      }
  }

  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }
}

/** Makes many calls in one turn into one call after it, so that a sync of 100 rows is one change. */
export function batched(action: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      action();
    });
  };
}
