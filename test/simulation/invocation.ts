import { v7 } from "uuid";
import type { Closer, Push, World } from "../../functions/domain/ports.ts";
import type { SendPorts } from "../../functions/domain/send.ts";
import { Refusal } from "../../functions/protocol/errors.ts";
import type { Stores } from "../storage.ts";
import type { Faults } from "./faults.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** What a function has before it gives up by itself, and how far its clock may be from the true time. */
const TIME_MS = 18_500;
const SKEW_MS_MAX = 250;

export type Ports = SendPorts & Stores & { closer: Closer };

export type Answer<T> = { kind: "answer"; value: T } | { kind: "refusal"; refusal: Refusal } | { kind: "crash" };

/** A passing fault of storage, as the SDK throws it when its retries are used up. */
class StorageFault extends Error {
  override name = "StorageFault";
}

/** What an invocation runs in: storage and the management API, as it reaches them. */
export interface Surroundings {
  world: VirtualWorld;
  faults: Faults;
  stores: Stores;
  push: Push;
  closer: Closer;
  limits: SendPorts["limits"];
}

const never = <T>(): Promise<T> => new Promise(() => {});

/**
 * Runs one function of the server on the real domain code. At each of its requests it may die, fail or wait; what it
 * leaves under way when it has answered sends no further request (functions/store/invocation.ts).
 * Throws what is no refusal and no fault of ours: a bug.
 */
export async function invoke<T>(around: Surroundings, work: (ports: Ports) => Promise<T>): Promise<Answer<T>> {
  const { world, faults } = around;
  const invocation = { isOver: false };
  let die = () => {};
  const death = new Promise<Answer<T>>((resolve) => {
    die = () => {
      invocation.isOver = true;
      resolve({ kind: "crash" });
    };
  });
  const skewMs = Math.round(world.between(-SKEW_MS_MAX, SKEW_MS_MAX));
  if (skewMs > 200) faults.note("clock of a function is ahead");
  const worked = work(portsOf(around, { invocation, die, skewMs })).then(
    (value): Answer<T> => ({ kind: "answer", value }),
    (error: unknown): Answer<T> => {
      if (error instanceof Refusal) return { kind: "refusal", refusal: error };
      if (error instanceof StorageFault) return { kind: "refusal", refusal: new Refusal("unavailable", error.message) };
      throw error;
    },
  );
  const late = world
    .sleep(TIME_MS)
    .then((): Answer<T> => ({ kind: "refusal", refusal: new Refusal("unavailable", "The time is over.") }));
  return Promise.race([worked, death, late]).finally(() => {
    invocation.isOver = true;
  });
}

interface Running {
  invocation: { isOver: boolean };
  die: () => void;
  skewMs: number;
}

function portsOf(around: Surroundings, running: Running): Ports {
  const { world, faults, stores, limits } = around;
  const { invocation, skewMs } = running;

  /** One request: it travels, takes effect, and its answer travels back. */
  async function request<T>(kind: "read" | "write" | "post", take: () => Promise<T>): Promise<T> {
    if (invocation.isOver) return never();
    if (kind === "write" && faults.happens("function dies before a write")) return die();
    const isSlow = kind === "read" && faults.happens("read is slow");
    await world.sleep(isSlow ? world.between(500, 4000) : world.between(1, 15));
    if (kind === "write" && faults.happens("write is refused by a fault")) throw new StorageFault("Try again.");
    if (kind === "read" && faults.happens("read is refused by a fault")) throw new StorageFault("Try again.");
    // What was on its way when the function ended takes effect all the same.
    let answer = await take();
    if (kind === "write") {
      if (faults.happens("function dies after a write")) return die();
      if (faults.happens("write is done but answers a timeout")) throw new StorageFault("No answer came.");
      if (faults.happens("write is done, and done again by the SDK")) {
        await world.sleep(world.between(1, 3000));
        if (invocation.isOver) return never();
        answer = await take();
      }
    }
    await world.sleep(faults.happens("function is late") ? world.between(15_000, 25_000) : world.between(1, 15));
    return invocation.isOver ? never() : answer;
  }

  function die<T>(): Promise<T> {
    running.die();
    return never();
  }

  const { users, standings, avatars, connections, conversations, log } = stores;
  const clock: World = {
    nowMs: () => Math.round(world.nowMs) + skewMs,
    random: world.random,
    sleep: (ms) => world.sleep(ms).then(() => (invocation.isOver ? never() : undefined)),
    newId: () => newId(world, world.nowMs + skewMs),
  };
  return {
    limits,
    world: clock,
    avatars,
    users: {
      get: (...args) => request("read", () => users.get(...args)),
      create: (...args) => request("write", () => users.create(...args)),
      change: (...args) => request("write", () => users.change(...args)),
      getMany: (...args) => request("read", () => users.getMany(...args)),
      countNewPeer: (...args) => request("write", () => users.countNewPeer(...args)),
    },
    standings: { read: (...args) => request("read", () => standings.read(...args)) },
    connections: {
      put: (...args) => request("write", () => connections.put(...args)),
      has: (...args) => request("read", () => connections.has(...args)),
      remove: (...args) => request("write", () => connections.remove(...args)),
      live: (...args) => request("read", () => connections.live(...args)),
    },
    conversations: {
      get: (...args) => request("read", () => conversations.get(...args)),
      advance: (...args) => request("write", () => conversations.advance(...args)),
      raiseMarker: (...args) => request("write", () => conversations.raiseMarker(...args)),
      setBlocked: (...args) => request("write", () => conversations.setBlocked(...args)),
      page: (...args) => request("read", () => conversations.page(...args)),
    },
    log: {
      tail: (...args) => request("read", () => log.tail(...args)),
      backward: (...args) => request("read", () => log.backward(...args)),
      forward: (...args) => request("read", () => log.forward(...args)),
      append: (...args) =>
        request("write", async () => {
          const outcome = await log.append(...args);
          if (outcome === "taken") faults.note("race for a number is lost");
          return outcome;
        }),
      fence: (...args) => request("write", () => log.fence(...args)),
    },
    push: { post: (...args) => request("post", () => around.push.post(...args)) },
    closer: { close: (...args) => request("post", () => around.closer.close(...args)) },
  };
}

/** A UUIDv7 of that time, by the simulation's chance. */
export function newId(world: VirtualWorld, ms: number): string {
  const random = Uint8Array.from({ length: 16 }, () => Math.floor(world.random() * 256));
  return v7({ msecs: Math.round(ms), random, seq: Math.floor(world.random() * 0xffffffff) });
}
