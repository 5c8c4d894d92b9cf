import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { block, unblock } from "../../../functions/domain/block.ts";
import type { MessageLog, Standings } from "../../../functions/domain/ports.ts";
import { send } from "../../../functions/domain/send.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, twoUsers, world } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

describe("block", () => {
  test("[B1] [B2] a blocked sender is refused, what was stored before stays, and unblocked comes the next number", async () => {
    const { say, bobBlocks, bobUnblocks, rows, texts } = await twoUsers(storage);
    await say("before");
    await bobBlocks();
    expect(await code(say("while blocked"))).toBe("blocked");
    expect(await texts()).toEqual(["1 before"]);
    expect(await rows()).toMatchObject([
      { lastSeq: 1, blocked: false },
      { lastSeq: 1, blocked: true },
    ]);
    await bobUnblocks();
    await bobUnblocks();
    expect((await rows())[1]).toMatchObject({ blocked: false });
    expect((await say("after")).message.seq).toBe(2);
    expect(await texts()).toEqual(["1 before", "2 after"]);
  });

  test("[B2] the blocker may still write, and takes the fence's place; the fence was never a message", async () => {
    const { conversation, say, answer, bobBlocks, texts } = await twoUsers(storage);
    await say("one");
    await bobBlocks();
    expect(await storage.log.tail(conversation)).toMatchObject({
      last: { message: { seq: 1 } },
      fence: expect.any(String),
    });
    expect((await answer("two")).message.seq).toBe(2);
    expect((await storage.log.tail(conversation)).fence).toBeUndefined();
    expect((await answer("three")).message.seq).toBe(3);
    expect(await code(say("four"))).toBe("blocked");
    expect(await texts()).toEqual(["1 one", "2 two", "3 three"]);
  });

  test("[B1] a block may be repeated, also where nothing was written yet", async () => {
    const { conversation, say, answer, bobBlocks, bobUnblocks, texts, rows } = await twoUsers(storage);
    await bobBlocks();
    const { fence } = await storage.log.tail(conversation);
    await bobBlocks();
    expect(await rows()).toMatchObject([undefined, { lastSeq: 0, blocked: true }]);
    // Another token: a send that had seen the first fence collides with the second.
    expect((await storage.log.tail(conversation)).fence).not.toBe(fence);
    expect(await code(say("hi"))).toBe("blocked");
    expect(await texts()).toEqual([]);
    expect((await answer("first of all")).message.seq).toBe(1);
    await bobUnblocks();
    expect((await say("second")).message.seq).toBe(2);
  });

  test("[B1] both may block each other", async () => {
    const { alice, bob, ports, say, answer, bobBlocks, bobUnblocks, texts } = await twoUsers(storage);
    await Promise.all([bobBlocks(), block(ports, { username: alice, peer: bob })]);
    expect([await code(say("hi")), await code(answer("hi"))]).toEqual(["blocked", "blocked"]);
    await bobUnblocks();
    expect([await code(say("hi")), await code(answer("hi"))]).toEqual(["sent", "blocked"]);
    expect(await texts()).toEqual(["1 hi"]);
  });

  test("[B1] a block of a conversation that is written to all the time ends, with its flag set", async () => {
    const { conversation, ports, say, bob, alice, rows } = await twoUsers(storage);
    await say("one");
    const log: MessageLog = { ...storage.log, fence: async () => "taken" };
    const never = block(
      { ...ports, log, world: { ...world, sleep: async () => undefined } },
      { username: bob, peer: alice },
    );
    expect(await code(never)).toBe("unavailable");
    expect((await rows())[1]).toMatchObject({ blocked: true });
    expect((await storage.log.tail(conversation)).fence).toBeUndefined();
  });

  test("[A4] nobody blocks themselves, or somebody who is not there; a stranger who blocks exists from then on", async () => {
    const { ports, bob } = await twoUsers(storage);
    const nobody = `nobody-${randomUUID()}`;
    for (const change of [block, unblock]) {
      expect(await code(change(ports, { username: bob, peer: bob }))).toBe("to_oneself");
      expect(await code(change(ports, { username: bob, peer: nobody }))).toBe("unknown_user");
    }
    expect(await storage.conversations.get({ username: bob, peer: nobody })).toBeUndefined();
    expect(await storage.log.tail([bob, nobody].sort().join("#"))).toEqual({});
    const stranger = `stranger-${randomUUID()}`;
    await block(ports, { username: stranger, peer: bob });
    expect(await storage.users.get(stranger)).toEqual({ username: stranger });
  });
});

type Step = "after the tail" | "after the flag" | "before the append";

/** Stores that hold the first send at a step, until `release`; `held` resolves when it is there. */
function holding(step: Step) {
  let arrive = () => {};
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const at = async (reached: Step) => {
    if (reached !== step) return;
    arrive();
    await released;
  };
  const log: MessageLog = {
    ...storage.log,
    async tail(conversation) {
      const tail = await storage.log.tail(conversation);
      await at("after the tail");
      return tail;
    },
    async append(...entry) {
      await at("before the append");
      return storage.log.append(...entry);
    },
  };
  const standings: Standings = {
    async read(users) {
      const standing = await storage.standings.read(users);
      await at("after the flag");
      return standing;
    },
  };
  return { log, standings, held, release };
}

describe("a send that is under way while a block runs", () => {
  type Users = Awaited<ReturnType<typeof twoUsers>>;
  const steps: Step[] = ["after the tail", "after the flag", "before the append"];
  const meanwhile: [string, (users: Users) => Promise<unknown>][] = [
    ["a whole block", ({ bobBlocks }) => bobBlocks()],
    [
      "a block, and a message of the blocker's that takes the fence's place",
      async ({ bobBlocks, answer }) => {
        await bobBlocks();
        await answer("of the blocker's");
      },
    ],
    [
      "a block, an unblock and another block",
      async ({ bobBlocks, bobUnblocks }) => {
        await bobBlocks();
        await bobUnblocks();
        await bobBlocks();
      },
    ],
  ];
  const starts: [string, (users: Users) => Promise<unknown>][] = [
    ["of an empty log", async () => undefined],
    ["behind a message", ({ say }) => say("stored before")],
    [
      "behind the fence of an earlier block",
      async ({ bobBlocks, bobUnblocks, say }) => {
        await say("stored before");
        await bobBlocks();
        await bobUnblocks();
      },
    ],
  ];
  const cases = starts.flatMap(([where, begin]) =>
    meanwhile.flatMap(([what, run]) => steps.map((step) => ({ where, begin, what, run, step }))),
  );

  test.each(cases)("[B1] held $step $where, during $what, ends in blocked and stores nothing", async (one) => {
    const users = await twoUsers(storage);
    const { alice, bob, ports, texts } = users;
    await one.begin(users);
    const { log, standings, held, release } = holding(one.step);
    const sending = code(
      send({ ...ports, log, standings }, { sender: alice, recipient: bob, text: "too late", id: v7() }),
    );
    await held;
    await one.run(users);
    const atBlock = await texts();
    release();
    expect(await sending).toBe("blocked");
    expect(await texts()).toEqual(atBlock);
    expect(atBlock.join()).not.toContain("too late");
  });
});

describe("ten sends and one block at once", () => {
  const ROUNDS = 200;
  const ROUNDS_AT_ONCE = 4;
  const DELAY_MS_MAX = 4;
  const SEED = 20_260_101;

  test("[B1] 200 times, no message of the blocked sender's is appended after the block has returned", async () => {
    const stored: number[] = [];
    for (let first = 0; first < ROUNDS; first += ROUNDS_AT_ONCE)
      stored.push(
        ...(await Promise.all(Array.from({ length: ROUNDS_AT_ONCE }, (_, i) => round(random(SEED + first + i))))),
      );
    expect(stored).toHaveLength(ROUNDS);
    // It is no race unless the block came in between: in many rounds, behind some of the sends and before others.
    expect(stored.filter((count) => count > 0 && count < 10).length).toBeGreaterThan(ROUNDS / 10);
  }, 180_000);

  /** How many of the sends were stored. */
  async function round(chance: () => number): Promise<number> {
    const { alice, bob, ports, texts } = await twoUsers(storage);
    const pause = () => world.sleep(chance() * DELAY_MS_MAX);
    let blockReturned = false;
    const appendedLate: string[] = [];
    const log: MessageLog = {
      ...storage.log,
      async append(...entry) {
        await pause();
        const isLate = blockReturned;
        const outcome = await storage.log.append(...entry);
        if (isLate && outcome === "appended") appendedLate.push(entry[1].message.text);
        return outcome;
      },
    };
    const standings: Standings = {
      async read(users) {
        const standing = await storage.standings.read(users);
        await pause();
        return standing;
      },
    };
    const sends = Array.from({ length: 10 }, async (_, i) => {
      await pause();
      return code(send({ ...ports, log, standings }, { sender: alice, recipient: bob, text: `${i}` }));
    });
    await world.sleep(chance() * 8 * DELAY_MS_MAX);
    await block(ports, { username: bob, peer: alice });
    blockReturned = true;
    const atBlock = await texts();
    const codes = await Promise.all(sends);
    expect(appendedLate).toEqual([]);
    expect(await texts()).toEqual(atBlock);
    expect(codes.filter((outcome) => outcome === "sent")).toHaveLength(atBlock.length);
    expect(codes.filter((outcome) => outcome === "blocked")).toHaveLength(10 - atBlock.length);
    return atBlock.length;
  }

  /** mulberry32: 0 ≤ x < 1, the same for the same seed. */
  function random(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }
});
