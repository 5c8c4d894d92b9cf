import { expect, test } from "vitest";
import { ServerClock } from "../../client/server-clock.ts";
import { Session, type Socket } from "../../client/session.ts";
import { TokenSource } from "../../client/token-source.ts";
import type { World } from "../../client/world.ts";
import type { ServerFrame } from "../../functions/protocol/wire.ts";

/** A session on a clock that the test moves, with sockets on whose other side is the test. */
async function session() {
  let nowMs = Date.parse("2026-01-01T00:00:00.000Z");
  const timers = new Set<{ dueMs: number; action: () => void }>();
  const world: World = {
    nowMs: () => nowMs,
    random: () => 0.5,
    after(ms, action) {
      const timer = { dueMs: nowMs + ms, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const sockets: { socket: Socket; sent: string[]; isClosed: boolean }[] = [];
  const frames: ServerFrame[] = [];
  const clock = new ServerClock(world.nowMs);
  const one = new Session({
    world,
    network: { isOnline: () => true, onChange: () => () => {} },
    tokens: new TokenSource({ world, clock, getToken: () => "token" }),
    serverNowMs: () => clock.nowMs(),
    openSocket() {
      const there = { sent: [] as string[], isClosed: false, socket: {} as Socket };
      there.socket = {
        onopen: null,
        onmessage: null,
        onclose: null,
        onerror: null,
        send: (text) => void there.sent.push(text),
        close: () => {
          there.isClosed = true;
        },
      };
      sockets.push(there);
      return there.socket;
    },
    check: async () => {},
    onStatus: () => {},
    onFrame: (frame) => frames.push(frame),
    onSynced: () => {},
    onDead: () => {},
    onError: () => {},
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const say = (index: number, frame: object) =>
    (sockets[index]?.socket.onmessage as ((event: { data: string }) => void) | null)?.({ data: JSON.stringify(frame) });
  const synced = { type: "synced", connectionId: "c", serverTime: "", rows: [], cursor: "cursor", more: false };
  /** The socket opens, and its sync is answered. */
  const answer = async (index: number) => {
    await settle();
    (sockets[index]?.socket.onopen as (() => void) | null)?.();
    say(index, synced);
  };
  one.dispatch({ type: "start" });
  await answer(0);
  expect(one.status).toBe("online");
  return {
    one,
    sockets,
    frames,
    say,
    answer,
    synced,
    settle,
    /** Time passes, and every timer fires when it is due. */
    pass(ms: number) {
      for (const untilMs = nowMs + ms; ; ) {
        const next = [...timers].sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined || next.dueMs > untilMs) {
          nowMs = untilMs;
          return;
        }
        timers.delete(next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.action();
      }
    },
    /** Time passes without a timer, as when the device sleeps; those that are due fire after it. */
    sleep(ms: number) {
      nowMs += ms;
      for (const timer of [...timers].filter(({ dueMs }) => dueMs <= nowMs)) {
        timers.delete(timer);
        timer.action();
      }
    },
  };
}

const SYNC = '{"action":"sync","since":"cursor"}';

test("a device that has slept for some minutes asks at once what is new; one whose timers are held up a little does not", async () => {
  const { sockets, sleep, pass } = await session();
  expect(sockets[0]?.sent).toEqual(['{"action":"sync"}']);
  sleep(60_000);
  pass(60_000);
  expect(sockets[0]?.sent).toHaveLength(1);
  sleep(3 * 60_000);
  expect(sockets[0]?.sent).toEqual(['{"action":"sync"}', SYNC]);
});

test("a sync without an answer within 10 s ends the socket, and what it says after that is not heard", async () => {
  const { one, sockets, frames, say, pass, answer } = await session();
  one.dispatch({ type: "sync" });
  pass(9_999);
  expect([one.status, sockets[0]?.isClosed]).toEqual(["online", false]);
  pass(1);
  expect([one.status, sockets[0]?.isClosed]).toEqual(["offline", true]);
  const late = { type: "typing", peer: "bob" };
  say(0, late);
  pass(1_000);
  await answer(1);
  expect(one.status).toBe("online");
  say(0, late);
  expect(frames.filter(({ type }) => type === "typing")).toEqual([]);
  say(1, late);
  expect(frames.filter(({ type }) => type === "typing")).toEqual([late]);
});

test("[S3] an answer that has more behind it is asked on from its cursor, and the session is in step after the last", async () => {
  const { one, sockets, say, synced } = await session();
  one.dispatch({ type: "sync" });
  say(0, { ...synced, cursor: "page 2", more: true });
  say(0, { ...synced, cursor: "later" });
  one.dispatch({ type: "sync" });
  expect(sockets[0]?.sent.slice(1)).toEqual([
    SYNC,
    '{"action":"sync","since":"page 2"}',
    '{"action":"sync","since":"later"}',
  ]);
});

test("[S4] a cursor that is refused is forgotten: everything is asked for", async () => {
  const { one, sockets, say, synced } = await session();
  one.dispatch({ type: "sync" });
  say(0, { type: "error", code: "invalid_cursor", detail: "", requestId: "" });
  say(0, synced);
  expect(sockets[0]?.sent.slice(1)).toEqual([SYNC, '{"action":"sync"}']);
  expect(one.status).toBe("online");
});

test("what the gateway says when a function has failed is no frame: the sync is asked for again soon", async () => {
  const { one, sockets, say, synced, pass } = await session();
  one.dispatch({ type: "sync" });
  say(0, { message: "Internal server error", connectionId: "c", requestId: "r" });
  pass(5_000);
  expect(sockets[0]?.sent.slice(1)).toEqual([SYNC, SYNC]);
  say(0, synced);
  pass(60_000);
  expect([one.status, sockets.length]).toEqual(["online", 1]);
});

test("ahead of the 2 h cut a second socket is opened, and the first closed when the second is in step; no frame is missed between", async () => {
  const { one, sockets, frames, say, synced, pass, answer, settle } = await session();
  let answered = 1;
  for (let seconds = 0; sockets.length < 2; seconds += 5) {
    expect(seconds).toBeLessThan(2 * 60 * 60);
    pass(5_000);
    await settle();
    for (; answered < (sockets[0]?.sent.length ?? 0); answered++) say(0, synced);
  }
  // The heartbeats of two hours, less a minute or two.
  expect(answered).toBeGreaterThan(14);
  const typing = (peer: string) => ({ type: "typing", peer });
  say(0, typing("before"));
  expect([one.status, sockets[0]?.isClosed]).toEqual(["online", false]);
  await answer(1);
  expect([one.status, sockets[0]?.isClosed]).toEqual(["online", true]);
  say(1, typing("after"));
  expect(frames.filter(({ type }) => type === "typing")).toEqual([typing("before"), typing("after")]);
});
