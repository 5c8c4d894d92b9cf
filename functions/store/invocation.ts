import { AsyncLocalStorage } from "node:async_hooks";

/** What is left of a function's time when it gives up waiting, so that it answers by itself before it is ended. */
const ANSWER_MS = 1500;

/** The function's time is over, or it has answered already. */
export class LateError extends Error {
  override name = "LateError";
}

const endings: (() => void)[] = [];

/** Has `end` called after the work of each invocation, before it is answered, as long as this environment lives. */
export function whenAnswered(end: () => void): void {
  endings.push(end);
}

const current = new AsyncLocalStorage<{ isOver: boolean }>();

/**
 * Does the work of one invocation; rejects with `LateError` when the function's time is nearly over. What is still
 * under way when this settles sends no further request: Lambda freezes a function that has answered and wakes it for
 * a later event, and a write that was prepared minutes ago would then carry a time that every cursor has passed.
 * Source: Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
 */
export function withinInvocation<T>(
  context: { getRemainingTimeInMillis(): number },
  work: () => Promise<T> | T,
): Promise<T> {
  const invocation = { isOver: false };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const leftMs = context.getRemainingTimeInMillis() - ANSWER_MS;
    timer = setTimeout(() => reject(new LateError("The function's time was nearly over")), leftMs);
  });
  return Promise.race([current.run(invocation, async () => work()), late]).finally(() => {
    invocation.isOver = true;
    clearTimeout(timer);
    for (const end of endings) end();
  });
}

/** Throws `LateError` in what an invocation has left behind. To be asked before each attempt of a request. */
export function refuseLate(): void {
  if (current.getStore()?.isOver) throw new LateError("The invocation has been answered already");
}
