import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CONNECT_MS_MAX,
  dueAtMs,
  HEARTBEAT_MS,
  RENEW_AHEAD_MS,
  type SessionEvent,
  type SessionState,
  SYNC_ANSWER_MS_MAX,
  step,
} from "../../client/session-state.ts";
import { CONNECTION_LIFE_MS_MAX } from "../../functions/protocol/limits.ts";

/** The states and effects of a session to which things happen, at a time that the test sets. */
function session(random: () => number = () => 0.5) {
  let state: SessionState = { at: "offline", failures: 0, retryAtMs: Number.POSITIVE_INFINITY, isChecked: false };
  let lines = 0;
  let nowMs = 0;
  const after = (event: SessionEvent): string[] => {
    const next = step(state, event, { nowMs, random, newLine: () => ++lines });
    state = next.state;
    return next.effects.map((effect) => ("line" in effect ? `${effect.do} ${effect.line}` : effect.do));
  };
  return {
    get state() {
      return state;
    },
    get nowMs() {
      return nowMs;
    },
    after,
    /** The time that is waited for, and what happens then. */
    wait(): string[] {
      nowMs = Math.max(nowMs, dueAtMs(state));
      return after({ type: "time" });
    },
    pass(ms: number) {
      nowMs += ms;
    },
    /** Online on the first socket, which is good until then. */
    goOnline(endsAtMs = Number.POSITIVE_INFINITY) {
      after({ type: "start" });
      after({ type: "checked" });
      after({ type: "synced", line: 1, endsAtMs });
      expect(state.at).toBe("online");
    },
  };
}

test("it asks who is signed in, opens a socket, and is online when the first sync is answered to its end", () => {
  const one = session();
  expect(one.after({ type: "start" })).toEqual(["check"]);
  expect(one.after({ type: "checked" })).toEqual(["open 1"]);
  one.pass(CONNECT_MS_MAX - 1);
  expect(one.after({ type: "answered", line: 1 })).toEqual([]);
  one.pass(CONNECT_MS_MAX - 1);
  expect(one.after({ type: "synced", line: 1, endsAtMs: Number.POSITIVE_INFINITY })).toEqual([]);
  expect(one.state.at).toBe("online");
});

test("the wait between attempts is anything up to a bound that doubles, from 1 s to 30 s", () => {
  for (const [chance, bounds] of [
    [0, [0, 0, 0, 0, 0, 0, 0]],
    [0.999999, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ] as const) {
    const one = session(() => chance);
    one.after({ type: "start" });
    one.after({ type: "checked" });
    for (const boundMs of bounds) {
      const { state } = one;
      if (state.at !== "connecting") return expect.fail(state.at);
      one.after({ type: "ended", line: state.line, wasOpen: true });
      expect(dueAtMs(one.state) - one.nowMs).toBeCloseTo(boundMs, -1);
      one.wait();
    }
  }
});

test("[C1] a refused handshake, of which a browser tells no status, is looked into by HTTP", () => {
  const one = session();
  one.after({ type: "start" });
  one.after({ type: "checked" });
  expect(one.after({ type: "ended", line: 1, wasOpen: false })).toEqual(["check"]);
  expect(one.after({ type: "signed-out" })).toEqual([]);
  expect(one.state.at).toBe("signed-out");
  one.pass(1_000_000);
  expect([dueAtMs(one.state), one.after({ type: "sync" })]).toEqual([Number.POSITIVE_INFINITY, []]);
  expect(one.after({ type: "start" })).toEqual(["check"]);
});

test("a heartbeat comes every 7 to 8 min, and the answer that does not come tells that the socket is dead", () => {
  for (const chance of [0, 0.999]) {
    const one = session(() => chance);
    one.goOnline();
    expect(one.wait()).toEqual(["sync 1"]);
    expect(one.nowMs).toBeGreaterThanOrEqual((HEARTBEAT_MS * 7) / 8);
    expect(one.nowMs).toBeLessThanOrEqual(HEARTBEAT_MS);
    const askedAtMs = one.nowMs;
    expect(one.wait()).toEqual(["hang-up 1", "doubt"]);
    expect(one.nowMs - askedAtMs).toBe(SYNC_ANSWER_MS_MAX);
    expect(one.state.at).toBe("offline");
  }
});

test("one sync at a time is asked for", () => {
  const one = session();
  one.goOnline();
  expect(one.after({ type: "doubt" })).toEqual(["sync 1"]);
  expect(one.after({ type: "sync" })).toEqual([]);
  one.after({ type: "synced", line: 1, endsAtMs: Number.POSITIVE_INFINITY });
  expect(one.after({ type: "sync" })).toEqual(["sync 1"]);
});

test("[S5] [C3] the next socket is opened ahead of the 2 h cut and of the token's end, and the present one closed after its sync", () => {
  for (const [endsAtMs, before] of [
    [Number.POSITIVE_INFINITY, CONNECTION_LIFE_MS_MAX],
    [60 * 60_000, 60 * 60_000],
  ] as const) {
    const one = session();
    one.goOnline(endsAtMs);
    let effects: string[] = [];
    for (let waits = 0; waits < 100 && !effects.includes("open 2"); waits++) {
      effects = one.wait();
      if (effects.includes("sync 1")) one.after({ type: "synced", line: 1, endsAtMs });
    }
    expect(before - one.nowMs).toBeGreaterThanOrEqual(RENEW_AHEAD_MS);
    expect(before - one.nowMs).toBeLessThanOrEqual(2 * RENEW_AHEAD_MS);
    expect(one.after({ type: "synced", line: 2, endsAtMs: Number.POSITIVE_INFINITY })).toEqual(["hang-up 1"]);
    expect(one.state).toMatchObject({ at: "online", line: 2, next: undefined });
  }
});

test("a next socket that fails leaves the present one, and is tried again; one that is left alone takes its place", () => {
  const one = session();
  one.goOnline(1_000_000);
  while (one.state.at === "online" && one.state.next === undefined) {
    if (one.wait().includes("sync 1")) one.after({ type: "synced", line: 1, endsAtMs: 1_000_000 });
  }
  one.after({ type: "ended", line: 2, wasOpen: false });
  expect(one.state).toMatchObject({ at: "online", line: 1, next: undefined });
  expect(one.wait()).toContain("open 3");
  one.after({ type: "ended", line: 1, wasOpen: true });
  expect(one.state).toMatchObject({ at: "connecting", line: 3 });
});

test("what a replaced socket still says changes nothing", () => {
  const one = session();
  one.goOnline();
  one.after({ type: "ended", line: 1, wasOpen: true });
  one.wait();
  const { state } = one;
  for (const type of ["ended", "synced", "answered", "sync-failed", "token-ended"] as const)
    expect(one.after({ type, line: 1, wasOpen: true, endsAtMs: 0 })).toEqual([]);
  expect(one.state).toBe(state);
});

test("without a network the socket is given up at once, and a new one opened when it is back, or after a minute or so", () => {
  const one = session();
  one.goOnline();
  expect(one.after({ type: "network", isOnline: false })).toEqual(["hang-up 1"]);
  expect([one.state.at, dueAtMs(one.state) - one.nowMs]).toEqual(["offline", 60_000]);
  expect(one.after({ type: "network", isOnline: true })).toEqual(["open 2"]);
});

test("a closed session does nothing more", () => {
  const one = session();
  one.goOnline();
  expect(one.after({ type: "close" })).toEqual(["hang-up 1"]);
  for (const type of ["start", "sync", "checked", "time"] as const) expect(one.after({ type })).toEqual([]);
  expect(one.state).toEqual({ at: "closed" });
});

test("whatever happens, each socket that is not in the state was hung up or has ended, and time goes on to something", () => {
  const happening = fc.oneof(
    ...(["start", "checked", "unreachable", "signed-out", "sync", "doubt", "time"] as const).map((type) =>
      fc.constant({ type, age: 0, endsInMs: 0, isOnline: true }),
    ),
    fc.record({
      type: fc.constant("network" as const),
      age: fc.constant(0),
      endsInMs: fc.constant(0),
      isOnline: fc.boolean(),
    }),
    fc.record({
      type: fc.constantFrom("synced", "answered", "sync-failed", "token-ended", "ended"),
      age: fc.integer({ min: 0, max: 2 }),
      endsInMs: fc.integer({ min: -1_000, max: 10_000_000 }),
      isOnline: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
      (all, chances) => {
        const one = session(() => chances.next().value ?? 0);
        const open = new Set<number>();
        for (const { type, age, endsInMs, isOnline } of all) {
          const line = Math.max(0, ...open) - age;
          if (type === "time") one.pass(Math.max(0, Math.min(dueAtMs(one.state), one.nowMs + 10_000_000) - one.nowMs));
          const isOfLine = ["synced", "answered", "sync-failed", "token-ended", "ended"].includes(type);
          if (isOfLine && !open.has(line)) continue;
          if (type === "ended") open.delete(line);
          const event = { type, line, wasOpen: isOnline, endsAtMs: one.nowMs + endsInMs, isOnline } as SessionEvent;
          for (const effect of one.after(event)) {
            const [what, number] = effect.split(" ");
            if (what === "open") open.add(Number(number));
            if (what === "hang-up") open.delete(Number(number));
          }
          const { state } = one;
          const held =
            state.at === "connecting"
              ? [state.line]
              : state.at === "online"
                ? [state.line, ...(state.next ? [state.next.line] : [])]
                : [];
          expect([...open].sort()).toEqual(held.sort());
          const isWaiting = ["checking", "signed-out", "closed"].includes(state.at);
          if (!isWaiting && state.at !== "offline") expect(dueAtMs(state)).toBeLessThan(Number.POSITIVE_INFINITY);
        }
      },
    ),
  );
});
