import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SendPorts, send } from "../../../functions/domain/send.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, idAt, twoUsers, world } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("java");
});
afterAll(() => storage?.close());

describe("append", () => {
  test("[A1] messages of both sides get 1, 2, 3 … in one log", async () => {
    const { say, answer, texts } = await twoUsers(storage);
    expect((await say("one")).message.seq).toBe(1);
    expect((await answer("two")).message.seq).toBe(2);
    expect((await say("three")).message.seq).toBe(3);
    expect(await texts()).toEqual(["1 one", "2 two", "3 three"]);
  });

  test("[A2] 20 sends at once from both sides make 1 to 20, each text once", async () => {
    const { say, answer, texts } = await twoUsers(storage);
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? say(`text ${i}`) : answer(`text ${i}`))),
    );
    expect(sent.map(({ message }) => message.seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    const stored = await texts();
    expect(stored.map((line) => line.replace(/^\d+ /, "")).sort()).toEqual(
      Array.from({ length: 20 }, (_, i) => `text ${i}`).sort(),
    );
  });

  test("[A3] createdAt never goes back, although a function's clock does", async () => {
    const behind = { ...world, nowMs: () => Date.now() - 500 };
    const { say, ports, alice, bob } = await twoUsers(storage);
    const first = await say("by the right clock");
    const second = await send({ ...ports, world: behind }, { sender: alice, recipient: bob, text: "by a slow one" });
    expect(second.message.createdAt >= first.message.createdAt).toBe(true);
  });

  test("[A4] [A5] refused and not stored: to oneself, to nobody, and to somebody who has blocked the sender", async () => {
    const { ports, alice, bob, bobBlocks, say, texts } = await twoUsers(storage);
    expect(await code(send(ports, { sender: alice, recipient: alice, text: "me" }))).toBe("to_oneself");
    expect(await code(send(ports, { sender: alice, recipient: `nobody-${bob}`, text: "you" }))).toBe("unknown_user");
    await bobBlocks();
    expect(await code(say("you"))).toBe("blocked");
    expect(await texts()).toEqual([]);
  });

  test("[A5] what was stored before the block is acknowledged to the repeat", async () => {
    const { say, bobBlocks, texts } = await twoUsers(storage);
    const id = v7();
    await say("just in time", id);
    await bobBlocks();
    expect(await say("just in time", id)).toMatchObject({ repeated: true, message: { seq: 1 } });
    expect(await code(say("too late"))).toBe("blocked");
    expect(await texts()).toEqual(["1 just in time"]);
  });

  test("[L4] a sender who never called before exists from then on", async () => {
    const { ports, bob } = await twoUsers(storage);
    const stranger = `stranger-${randomUUID()}`;
    await send(ports, { sender: stranger, recipient: bob, text: "hello" });
    expect(await storage.users.get(stranger)).toEqual({ username: stranger });
  });
});

describe("repeat", () => {
  test("[R1] the same id twice makes one message, and the second answer is the stored one", async () => {
    const { say, texts } = await twoUsers(storage);
    const id = v7();
    const first = await say("once", id);
    const second = await say("once", id);
    expect(first).toMatchObject({ repeated: false, message: { seq: 1, id } });
    expect(second).toEqual({ ...first, repeated: true });
    expect(await texts()).toEqual(["1 once"]);
  });

  test("[R1] the same id ten times at once makes one message, acknowledged as new to one", async () => {
    const { say, texts } = await twoUsers(storage);
    const id = v7();
    const sent = await Promise.all(Array.from({ length: 10 }, () => say("once", id)));
    expect(sent.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(sent.map(({ message }) => JSON.stringify(message))).size).toBe(1);
    expect(await texts()).toEqual(["1 once"]);
  });

  test("[R1] a put that was stored but answered by a fault is found by the repeat, and by the same send", async () => {
    const { say, ports, alice, bob, texts } = await twoUsers(storage);
    let faults = 0;
    const log = {
      ...storage.log,
      append: async (...entry: Parameters<typeof storage.log.append>) => {
        await storage.log.append(...entry);
        faults++;
        throw new Error("The connection broke");
      },
    };
    const id = v7();
    await expect(send({ ...ports, log }, { sender: alice, recipient: bob, text: "hi", id })).rejects.toThrow("broke");
    expect(faults).toBe(1);
    expect(await say("hi", id)).toMatchObject({ repeated: true, message: { seq: 1 } });
    // The SDK's own retry of such a put finds the number taken, by itself.
    const again = {
      ...storage.log,
      append: async (...entry: Parameters<typeof log.append>) => {
        await storage.log.append(...entry);
        return storage.log.append(...entry);
      },
    };
    await send({ ...ports, log: again }, { sender: alice, recipient: bob, text: "ho" });
    expect(await texts()).toEqual(["1 hi", "2 ho"]);
  });

  test("[R2] the same id with another text, or from the other user, is refused", async () => {
    const { say, answer, texts } = await twoUsers(storage);
    const id = v7();
    await say("mine", id);
    expect(await code(say("other", id))).toBe("id_reused");
    expect(await code(answer("mine", id))).toBe("id_reused");
    await say("later");
    expect(await code(say("other", id))).toBe("id_reused");
    expect(await code(answer("mine", id))).toBe("id_reused");
    expect(await texts()).toEqual(["1 mine", "2 later"]);
  });

  test("[R3] a repeat is found behind 300 later messages, and an id that was never stored is not", async () => {
    const { say, answer, alice, bob } = await twoUsers(storage);
    const id = v7();
    await say("early", id);
    const conversation = [alice, bob].sort().join("#");
    for (let seq = 2; seq <= 301; seq++) {
      const { last: tail } = await storage.log.tail(conversation);
      if (tail === undefined) throw new Error("The log is empty");
      const later = v7();
      await storage.log.append(conversation, {
        ...tail,
        message: { ...tail.message, seq, id: later, text: `later ${seq}` },
        newestId: later,
      });
    }
    expect(await say("early", id)).toMatchObject({ repeated: true, message: { seq: 1 } });
    expect(await answer("kept in an outbox", idAt(Date.now() - 3_600_000))).toMatchObject({
      repeated: false,
      message: { seq: 302 },
    });
  });

  test("[R3] an id that is older than the newest is found, and the newest stays known", async () => {
    const { say, texts } = await twoUsers(storage);
    const [older, newer] = [idAt(Date.now() - 5000), idAt(Date.now())];
    await say("newer", newer);
    expect(await say("older", older)).toMatchObject({ repeated: false, message: { seq: 2 } });
    expect(await say("newer", newer)).toMatchObject({ repeated: true, message: { seq: 1 } });
    expect(await say("older", older)).toMatchObject({ repeated: true, message: { seq: 2 } });
    expect(await texts()).toEqual(["1 newer", "2 older"]);
  });

  test("[R3] an id that would have to be searched for in more than 4 MB is refused, not stored twice", async () => {
    const { say, alice, bob } = await twoUsers(storage);
    const id = v7();
    await say("first", id);
    const conversation = [alice, bob].sort().join("#");
    const large = "x".repeat(64 * 1024);
    for (let seq = 2; seq <= 161; seq++) {
      const { last: tail } = await storage.log.tail(conversation);
      if (tail === undefined) throw new Error("The log is empty");
      const later = v7();
      const message = { ...tail.message, seq, id: later, text: large };
      await storage.log.append(conversation, { ...tail, message, newestId: later });
    }
    expect(await code(say("first", id))).toBe("id_too_old");
    expect((await storage.log.tail(conversation)).last?.message.seq).toBe(161);
  });

  test("[R4] an id from the future is refused beyond 60 s, with the server's time", async () => {
    const { say } = await twoUsers(storage);
    await say("59 s ahead", idAt(Date.now() + 59_000));
    const refused = say("61 s ahead", idAt(Date.now() + 61_500));
    await expect(refused).rejects.toThrow(/6[12] s ahead of the server's time, 20\d\d-.*at most 60 s/);
    expect(await code(refused)).toBe("id_from_the_future");
  });

  test("[R5] a repeat raises the rows and pushes what a send that died had left", async () => {
    const { say, ports, alice, bob, connect, rows, recorder } = await twoUsers(storage);
    await connect(bob, "b1=");
    const id = v7();
    const conversations = {
      ...storage.conversations,
      advance: async () => {
        throw new Error("The function died");
      },
    };
    const dying = send({ ...ports, conversations }, { sender: alice, recipient: bob, text: "hi", id });
    await expect(dying).rejects.toThrow("died");
    expect(await rows()).toEqual([undefined, undefined]);
    expect(await say("hi", id)).toMatchObject({ repeated: true, delivered: 1 });
    expect(await rows()).toMatchObject([{ lastSeq: 1 }, { lastSeq: 1 }]);
    expect(recorder.to()).toEqual(["b1="]);
  });
});

describe("rows", () => {
  test("[W1] [W2] [W3] both rows show the message; it is unread for the recipient alone", async () => {
    const { alice, say, answer, rows } = await twoUsers(storage);
    const { message } = await say("x".repeat(150));
    const last = { sender: alice, preview: "x".repeat(100), createdAt: message.createdAt };
    const [mine, theirs] = await rows();
    expect(mine).toMatchObject({ lastSeq: 1, last, readSeq: 1, peerReadSeq: 0 });
    expect(theirs).toMatchObject({ lastSeq: 1, last, readSeq: 0, peerReadSeq: 1 });
    expect(mine?.changedAtMs).toBeGreaterThanOrEqual(Date.parse(message.createdAt));
    await answer("and back");
    expect(await rows()).toMatchObject([
      { lastSeq: 2, readSeq: 1, peerReadSeq: 2 },
      { lastSeq: 2, readSeq: 2, peerReadSeq: 1 },
    ]);
  });

  test("[W1] a preview does not cut a character in half", async () => {
    const { say, rows } = await twoUsers(storage);
    await say(`${"x".repeat(99)}😀😀`);
    expect((await rows())[0]?.last?.preview).toBe(`${"x".repeat(99)}😀`);
  });
});

describe("push", () => {
  test("[P1] connections are looked up after the message and both rows are written", async () => {
    const { alice, bob, ports, rows } = await twoUsers(storage);
    const seen: unknown[] = [];
    const connections = {
      ...storage.connections,
      live: async (options: { username: string; nowMs: number }) => {
        seen.push((await rows()).map((row) => row?.lastSeq));
        return storage.connections.live(options);
      },
    };
    await send({ ...ports, connections }, { sender: alice, recipient: bob, text: "hi" });
    expect(seen).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test("[P2] [P3] [P4] all sockets of both get the payload, but for the one that sent; the recipient's are counted", async () => {
    const { alice, bob, ports, connect, recorder } = await twoUsers(storage);
    await Promise.all([connect(bob, "b1="), connect(bob, "b2="), connect(alice, "a1="), connect(alice, "a2=")]);
    const sent = await send(ports, { sender: alice, recipient: bob, text: "hi", connectionId: "a1=" });
    expect(sent.delivered).toBe(2);
    expect(recorder.to()).toEqual(["a2=", "b1=", "b2="]);
    expect(recorder.posts[0]?.frame).toEqual({
      type: "message",
      ...sent.message,
      senderName: alice,
      senderAvatar: null,
    });
    // The header names a socket of the sender's; it is not there to keep a message from anybody else.
    await send(ports, { sender: alice, recipient: bob, text: "hi again", connectionId: "b1=" });
    expect(recorder.to().filter((id) => id === "b1=")).toHaveLength(2);
  });

  test("[P3] pushes that fail do not fail the send", async () => {
    const { bob, connect, say, recorder } = await twoUsers(storage);
    await Promise.all([connect(bob, "b1="), connect(bob, "b2=")]);
    recorder.outcomes.set("b1=", "failed");
    expect((await say("hi")).delivered).toBe(1);
    expect(await storage.connections.live({ username: bob, nowMs: Date.now() })).toHaveLength(2);
  });

  test("[P5] a connection that is gone is forgotten, unless it may still be opening", async () => {
    const { bob, connect, say, recorder } = await twoUsers(storage);
    await Promise.all([connect(bob, "old=", 30_500), connect(bob, "young=", 25_000)]);
    recorder.outcomes.set("old=", "gone").set("young=", "gone");
    expect((await say("hi")).delivered).toBe(0);
    const left = await storage.connections.live({ username: bob, nowMs: Date.now() });
    expect(left.map(({ connectionId }) => connectionId)).toEqual(["young="]);
  });
});

describe("limits per sender", () => {
  test("[Q1] 20 messages in 10 s, counted for each sender; a repeat is not counted", async () => {
    let nowMs = Date.now();
    const { ports, alice, bob } = await twoUsers(storage);
    const limited: SendPorts = {
      ...ports,
      world: { ...world, nowMs: () => nowMs },
      limits: { messagesPerBurst: 20, newPeersPerHour: null },
    };
    const say = (text: string, id = v7()) => send(limited, { sender: alice, recipient: bob, text, id });
    const id = v7();
    await say("repeated", id);
    for (let i = 2; i <= 20; i++) {
      await say(`${i}`);
      await send(limited, { sender: bob, recipient: alice, text: `answer ${i}` });
    }
    await say("repeated", id);
    nowMs += 9_000;
    const refused = await say("21").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "too_many_messages", retryAfterSeconds: 1 });
    await send(limited, { sender: bob, recipient: alice, text: "one of mine is left" });
    nowMs += 1_000;
    await say("in the next window");
  });

  test("[Q1] 20 at once are stored, and of 25 at once five are refused", async () => {
    const { ports, alice, bob } = await twoUsers(storage, { limits: { messagesPerBurst: 20, newPeersPerHour: null } });
    const codes = await Promise.all(
      Array.from({ length: 25 }, (_, i) => code(send(ports, { sender: alice, recipient: bob, text: `${i}` }))),
    );
    expect(codes.filter((outcome) => outcome === "sent")).toHaveLength(20);
    expect(codes.filter((outcome) => outcome === "too_many_messages")).toHaveLength(5);
  });

  test("[Q2] conversations opened in an hour are limited; an answer opens none", async () => {
    const { ports, alice, bob } = await twoUsers(storage, { limits: { messagesPerBurst: null, newPeersPerHour: 2 } });
    const peers = Array.from({ length: 3 }, () => `peer-${randomUUID()}`);
    await Promise.all(peers.map((peer) => storage.users.create(peer, Date.now())));
    const to = (recipient: string) => code(send(ports, { sender: alice, recipient, text: "hi" }));
    await send(ports, { sender: bob, recipient: alice, text: "answer me" });
    expect(await to(bob)).toBe("sent");
    expect(await to(peers[0] ?? "")).toBe("sent");
    expect(await to(peers[0] ?? "")).toBe("sent");
    expect(await to(peers[1] ?? "")).toBe("sent");
    expect(await to(peers[2] ?? "")).toBe("too_many_new_peers");
    expect(await to(peers[1] ?? "")).toBe("sent");
  });
});

test("[Q3] a sender who is named is held by neither limit; others are", async () => {
  const limits = { messagesPerBurst: 1, newPeersPerHour: 1 };
  const { ports, alice, bob } = await twoUsers(storage, { limits });
  const unlimited: SendPorts = { ...ports, limits: { ...limits, unlimited: ["desk", alice] } };
  const say = (sender: string, recipient: string) => code(send(unlimited, { sender, recipient, text: "hi" }));
  const carol = `carol-${randomUUID()}`;
  await storage.users.create(carol, Date.now());
  for (const peer of [bob, carol, carol]) expect(await say(alice, peer)).toBe("sent");
  expect(await say(bob, carol)).toBe("sent");
  expect(await say(bob, carol)).toBe("too_many_messages");
});

test("[Q2] one conversation counts once, however many sends open it at once", async () => {
  const { ports, alice, bob } = await twoUsers(storage, { limits: { messagesPerBurst: null, newPeersPerHour: 1 } });
  const codes = await Promise.all(
    Array.from({ length: 5 }, (_, i) => code(send(ports, { sender: alice, recipient: bob, text: `${i}` }))),
  );
  expect(codes).toEqual(Array(5).fill("sent"));
});

describe("what a send costs and reads", () => {
  /** Two users with sockets in a conversation of 60 messages of 600 bytes. */
  async function longConversation() {
    const users = await twoUsers(storage, { limits: { messagesPerBurst: 1000, newPeersPerHour: 30 } });
    const { alice, bob, connect, say, answer } = users;
    await Promise.all([connect(bob, "b1="), connect(bob, "b2="), connect(alice, "a1=")]);
    for (let i = 0; i < 30; i++) {
      await say("x".repeat(600), v7());
      await answer("x".repeat(600), v7());
    }
    storage.takeRequests();
    return users;
  }

  test("at most 3 write and 5 read units for 600 bytes, also in a long conversation", async () => {
    const { say } = await longConversation();
    await say("字".repeat(200), v7());
    const { read, write } = storage.takeRequests().units;
    expect(write).toBeGreaterThan(0);
    expect(write).toBeLessThanOrEqual(3);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThanOrEqual(5);
  });

  test("a little more, not the whole log, where the peer's clock is ahead", async () => {
    const { say, answer } = await longConversation();
    await answer("from a clock that is 30 s ahead", idAt(Date.now() + 30_000));
    await say("in between");
    storage.takeRequests();
    await say("x".repeat(600), v7());
    expect(storage.takeRequests().units.read).toBeLessThanOrEqual(7);
    await say("no id, nothing to search for");
    expect(storage.takeRequests().units.read).toBeLessThanOrEqual(5);
  });

  test("[S1] all that it reads is strongly consistent, but for names and pictures", async () => {
    const { say } = await longConversation();
    await say("hi", v7());
    const reads = storage.takeRequests().reads;
    const of = ({ RequestItems = {}, ...read }: (typeof reads)[number]) =>
      Object.keys(RequestItems).length === 0
        ? [{ consistent: read.ConsistentRead, keys: [] }]
        : Object.values(RequestItems).map(({ ConsistentRead, Keys }) => ({ consistent: ConsistentRead, keys: Keys }));
    const all = reads.flatMap(of);
    expect(all).toHaveLength(5);
    const user = { username: { S: expect.any(String) } };
    expect(all.filter(({ consistent }) => consistent !== true)).toEqual([{ consistent: false, keys: [user, user] }]);
  });

  test("[A4] whoever signed up a moment ago is found, although a read that may be stale does not show them yet", async () => {
    const { alice } = await twoUsers(storage);
    storage.takeRequests();
    expect((await storage.standings.read({ sender: alice, recipient: "nobody-at-all" })).recipient).toBeUndefined();
    expect(storage.takeRequests().reads.at(-1)).toMatchObject({
      Key: { username: { S: "nobody-at-all" } },
      ConsistentRead: true,
    });
  });
});
