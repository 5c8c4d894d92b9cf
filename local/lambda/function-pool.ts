import { availableParallelism } from "node:os";
import type { FunctionModel, Invocation } from "../model.ts";
import { Environment } from "./environment.ts";
import { isMachineBusy } from "./machine-load.ts";

/**
 * Processes per function. Some 50 to 100 MB each, so a burst on one function takes at most 3 GB; further events wait
 * their turn, which on a laptop is also faster than more processes on the same cores.
 */
const ENVIRONMENTS_MAX = 32;

/** More starts at once than cores would only make each slower; an environment that is done first takes the next event. */
const STARTING_MAX = availableParallelism();

/**
 * How long, for each environment that there is, an event waits for one to become free before another is started for it.
 * Lambda starts one at once, on another machine; here the start of dozens would slow what they are started for.
 */
const GRACE_MS = 100;
/** The same while the machine has processors to spare, however many environments there are. */
const GRACE_IDLE_MS = 15;
/**
 * On a machine with nothing to spare another environment only takes from those that there are, once they are more than
 * this. It is started when none of them has become free for so long, since they may be waiting for one another.
 */
const BUSY_GRACE_MS = 1_000;
const BUSY_ENVIRONMENTS_MIN = 2 * availableParallelism();

/** A start that takes longer is slow by itself, and no longer keeps others from starting. */
const START_MS_MAX = 1_000;

/** Events that may wait per function; one more is throttled. Lambda's default quota of concurrent executions. */
const WAITING_MAX = 1_000;

/** Idle environments that are kept for good, so that the next event finds one warm. */
const KEPT_IDLE = 2;

/** How long an environment beyond those may be idle before it is ended. */
const IDLE_MS_MAX = 60_000;

interface PoolOptions {
  model: FunctionModel;
  variables: Record<string, string>;
  log: (line: string) => void;
  /** Default `IDLE_MS_MAX`. */
  idleMsMax?: number;
}

interface WaitingEvent {
  event: string;
  /** Since when, by `performance.now()`. */
  sinceMs: number;
  resolve: (outcome: Invocation) => void;
}

/** The environments of one function, and the events that wait for one. */
export class FunctionPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Environment>();
  readonly #busy = new Set<Environment>();
  /** Most recently used last, so that the others age. */
  readonly #idle: { environment: Environment; retirement: NodeJS.Timeout }[] = [];
  readonly #waiting: WaitingEvent[] = [];
  #starting = 0;
  /** When an environment last became free or began to start, by `performance.now()`. */
  #movedAtMs = 0;
  #later: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs one event, given as JSON text, as soon as an environment is free. */
  async invoke(event: string): Promise<Invocation> {
    if (this.#closed) return closed();
    const limit = this.#options.model.reservedConcurrency ?? Number.POSITIVE_INFINITY;
    if (this.#busy.size + this.#waiting.length >= limit || this.#waiting.length >= WAITING_MAX) {
      return { outcome: "throttled" };
    }
    return new Promise((resolve) => {
      this.#waiting.push({ event, sinceMs: performance.now(), resolve });
      this.#dispatch();
    });
  }

  /** Kills an environment in the middle of an invocation; false if none is in one. */
  killOneBusy(): boolean {
    const [environment] = this.#busy;
    environment?.kill();
    return environment !== undefined;
  }

  /** Ends every environment and waits for that. Events that wait or run are answered with a failure. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve(closed());
    const ended = [...this.#all].map((environment) => environment.exited);
    for (const environment of this.#all) environment.kill();
    await Promise.all(ended);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const free = this.#idle.pop();
      if (!free) break;
      clearTimeout(free.retirement);
      if (!free.environment.alive) continue;
      const next = this.#waiting.shift();
      if (next) void this.#run(free.environment, next);
    }
    while (!this.#closed && this.#starting < this.#wanted() && this.#all.size < ENVIRONMENTS_MAX) void this.#start();
    if (this.#waiting.length > 0) {
      this.#later ??= setTimeout(() => {
        this.#later = undefined;
        this.#dispatch();
      }, GRACE_IDLE_MS);
    }
  }

  /** How many environments may be starting at this time. */
  #wanted(): number {
    if (this.#all.size === 0) return Math.min(this.#waiting.length, 1);
    const nowMs = performance.now();
    const isBusy = isMachineBusy();
    if (this.#all.size >= BUSY_ENVIRONMENTS_MIN && isBusy) return nowMs - this.#movedAtMs < BUSY_GRACE_MS ? 0 : 1;
    const graceMs = isBusy || this.#all.size >= BUSY_ENVIRONMENTS_MIN ? GRACE_MS * this.#all.size : GRACE_IDLE_MS;
    // Those that wait in vain are the first; a timer may come a little early.
    const sinceMs = nowMs - graceMs + 1;
    const overdue = this.#waiting.findIndex((waiting) => waiting.sinceMs > sinceMs);
    return Math.min(overdue === -1 ? this.#waiting.length : overdue, STARTING_MAX);
  }

  /** Starts an environment. If that fails, the event that has waited longest fails with it, and the next starts another. */
  async #start(): Promise<void> {
    const environment = new Environment(this.#options);
    this.#all.add(environment);
    void environment.exited.then(() => this.#forget(environment));
    this.#starting += 1;
    this.#movedAtMs = performance.now();
    let counts = true;
    const stopCounting = () => {
      if (counts) this.#starting -= 1;
      counts = false;
    };
    const slow = setTimeout(() => {
      stopCounting();
      this.#dispatch();
    }, START_MS_MAX);
    const failure = await environment.start();
    clearTimeout(slow);
    stopCounting();
    if (failure) this.#waiting.shift()?.resolve(failure);
    else this.#release(environment);
    this.#dispatch();
  }

  async #run(environment: Environment, { event, resolve }: WaitingEvent): Promise<void> {
    this.#busy.add(environment);
    const outcome = await environment.invoke(event);
    this.#busy.delete(environment);
    resolve(outcome);
    this.#release(environment);
    this.#dispatch();
  }

  #release(environment: Environment): void {
    this.#movedAtMs = performance.now();
    if (!environment.alive) return;
    if (this.#waiting.length === 0) environment.freeze();
    const retirement = setTimeout(() => {
      if (this.#idle.length <= KEPT_IDLE) return;
      // It takes a while to end, and is not to be counted by the next one.
      this.#takeFromIdle(environment);
      environment.kill();
    }, this.#options.idleMsMax ?? IDLE_MS_MAX).unref();
    this.#idle.push({ environment, retirement });
  }

  #forget(environment: Environment): void {
    this.#all.delete(environment);
    this.#takeFromIdle(environment);
    this.#dispatch();
  }

  #takeFromIdle(environment: Environment): void {
    const index = this.#idle.findIndex((idle) => idle.environment === environment);
    for (const { retirement } of index < 0 ? [] : this.#idle.splice(index, 1)) clearTimeout(retirement);
  }
}

function closed(): Invocation {
  return { outcome: "failed", errorType: "ServiceException", errorMessage: "The local runtime is closing" };
}
