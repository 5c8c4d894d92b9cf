import { v7 } from "uuid";
import { expect, test } from "vitest";
import { OUTBOX_MAX, Outbox, type OutboxEntry, OutboxFullError, type PostAnswer } from "../../client/outbox.ts";
import { ServerClock } from "../../client/server-clock.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00.000Z");

/** An outbox whose posts are answered by `answer`; `undefined` is no answer. */
function outboxOf(
  answer: (entry: Pick<OutboxEntry, "id" | "peer" | "text">, attempt: number) => PostAnswer | undefined,
) {
  const kept = new Map<number, OutboxEntry>();
  const posts: Pick<OutboxEntry, "id" | "peer" | "text">[] = [];
  const stored: string[] = [];
  const refused: OutboxEntry[] = [];
  let idle = () => {};
  const create = () =>
    new Outbox({
      clock: new ServerClock(() => NOW_MS + 300_000),
      random: () => 0,
      newId: (msecs) => v7({ msecs }),
      wait: () => new Promise((resolve) => setImmediate(resolve)),
      store: {
        load: async () => [...kept.values()],
        put: async (entry) => void kept.set(entry.order, entry),
        remove: async (order) => {
          kept.delete(order);
          if ([...kept.values()].every(({ refusal }) => refusal !== undefined)) setImmediate(idle);
        },
      },
      async post({ id, peer, text }) {
        posts.push({ id, peer, text });
        const given = answer({ id, peer, text }, posts.length);
        if (given === undefined) throw new Error("No answer came");
        return given;
      },
      onStored: (_message, entry) => stored.push(entry.text),
      onRefused: (entry) => {
        refused.push(entry);
        setImmediate(idle);
      },
    });
  const rested = () =>
    new Promise<void>((resolve) => {
      idle = resolve;
    });
  return { create, kept, posts, stored, refused, rested };
}

const OK: PostAnswer = { status: 201, body: { message: {} } };

test("[R1] what gets no answer, a fault or a 429 is sent again with its id, and what follows waits its turn", async () => {
  const faults: (PostAnswer | undefined)[] = [undefined, { status: 503, body: {} }, { status: 429, body: {} }];
  const { create, posts, stored, kept, rested } = outboxOf((_entry, attempt) =>
    attempt <= faults.length ? faults[attempt - 1] : OK,
  );
  const outbox = create();
  const done = rested();
  await Promise.all(["one", "two", "three"].map((text) => outbox.add({ peer: "bob", text })));
  await done;
  expect(stored).toEqual(["one", "two", "three"]);
  expect(new Set(posts.slice(0, 4).map(({ id }) => id)).size).toBe(1);
  expect([posts.length, kept.size]).toEqual([6, 0]);
});

test("what is refused for good is kept aside with the reason, and stops nothing", async () => {
  const { create, stored, refused, rested } = outboxOf(({ text }) =>
    text === "bad" ? { status: 403, body: { code: "blocked", detail: "No." } } : OK,
  );
  const outbox = create();
  const done = rested();
  await outbox.add({ peer: "bob", text: "bad" });
  await done;
  const next = rested();
  await outbox.add({ peer: "bob", text: "good" });
  await next;
  expect(stored).toEqual(["good"]);
  expect(refused).toMatchObject([{ text: "bad", refusal: { code: "blocked", detail: "No." } }]);
  expect(outbox.entries).toHaveLength(1);
  await outbox.discard(refused[0]?.order ?? 0);
  expect(outbox.entries).toEqual([]);
});

test("what an earlier process left is sent, with its id", async () => {
  const { create, kept, posts, rested } = outboxOf(() => OK);
  const left = { id: v7(), peer: "bob", text: "left", order: 7 };
  kept.set(7, left);
  const done = rested();
  await create().start();
  await done;
  expect(posts).toEqual([{ id: left.id, peer: "bob", text: "left" }]);
});

const FUTURE: PostAnswer = {
  status: 400,
  body: { code: "id_from_the_future", detail: "…", serverTime: new Date(NOW_MS).toISOString() },
};

test("[R4] an id too far ahead is made anew by the server's time, but not if it may be stored", async () => {
  const first = outboxOf((_entry, attempt) => (attempt === 1 ? FUTURE : OK));
  const done = first.rested();
  await first.create().add({ peer: "bob", text: "hi" });
  await done;
  const [early, late] = first.posts.map(({ id }) => Number.parseInt(id.replace("-", "").slice(0, 12), 16));
  expect([early, late]).toEqual([NOW_MS + 300_000, NOW_MS]);

  const doubtful = outboxOf((_entry, attempt) => [undefined, FUTURE, OK][attempt - 1]);
  const settled = doubtful.rested();
  await doubtful.create().add({ peer: "bob", text: "hi" });
  await settled;
  expect(new Set(doubtful.posts.map(({ id }) => id)).size).toBe(1);
});

test("a full outbox says so", async () => {
  const { create } = outboxOf(() => undefined);
  const outbox = create();
  await Promise.all(Array.from({ length: OUTBOX_MAX }, (_, i) => outbox.add({ peer: `peer${i}`, text: "hi" })));
  await expect(outbox.add({ peer: "bob", text: "one more" })).rejects.toThrow(OutboxFullError);
  outbox.stop();
});
