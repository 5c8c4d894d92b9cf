import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { block } from "../../../functions/domain/block.ts";
import { toRow } from "../../../functions/domain/conversation.ts";
import { markRead } from "../../../functions/domain/mark-read.ts";
import type { Connections } from "../../../functions/domain/ports.ts";
import { parseRead } from "../../../functions/protocol/wire.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, connectionsOf, twoUsers } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

/** Bob has three messages of Alice's, and has read none. */
async function threeUnread() {
  const users = await twoUsers(storage);
  const { alice, bob, ports, say } = users;
  for (const text of ["one", "two", "three"]) await say(text);
  const bobReads = (seq: number) => markRead(ports, { username: bob, peer: alice, seq });
  const markers = async () => {
    const [hers, his] = await users.rows();
    return { his: his?.readSeq, hers: hers?.peerReadSeq };
  };
  return { ...users, bobReads, markers };
}

describe("the read marker", () => {
  test("[M1] moves forward only, not past the last message, and the answer says where it stands", async () => {
    const { bobReads, markers } = await threeUnread();
    expect(await bobReads(0)).toEqual({ readSeq: 0 });
    expect(await markers()).toEqual({ his: 0, hers: 0 });
    expect(await bobReads(1)).toEqual({ readSeq: 1 });
    expect(await bobReads(2)).toEqual({ readSeq: 2 });
    expect(await bobReads(1)).toEqual({ readSeq: 2 });
    expect(await bobReads(0)).toEqual({ readSeq: 2 });
    expect(await markers()).toEqual({ his: 2, hers: 2 });
    expect(await bobReads(4)).toEqual({ readSeq: 3 });
    expect(await bobReads(Number.MAX_SAFE_INTEGER)).toEqual({ readSeq: 3 });
    expect(await markers()).toEqual({ his: 3, hers: 3 });
  });

  test("[M1] nothing is unread behind it, and the reader's own messages are read by themselves", async () => {
    const { bobReads, rows, answer } = await threeUnread();
    const unread = async () => (await rows()).map((row) => row && toRow(row).unread);
    expect(await unread()).toEqual([0, 3]);
    await bobReads(2);
    expect(await unread()).toEqual([0, 1]);
    await bobReads(3);
    expect(await unread()).toEqual([0, 0]);
    await answer("four");
    expect(await unread()).toEqual([1, 0]);
  });

  test("[M1] of several at once the furthest stays", async () => {
    const { bobReads, markers } = await threeUnread();
    await Promise.all([3, 1, 2].map(bobReads));
    expect(await markers()).toEqual({ his: 3, hers: 3 });
  });

  test("[M1] a repeat finishes what the first attempt may have left", async () => {
    const { alice, bob, ports, bobReads, markers } = await threeUnread();
    const conversations: typeof storage.conversations = {
      ...storage.conversations,
      raiseMarker: async (options) => {
        if (options.marker === "peerReadSeq") throw new Error("The function died");
        await storage.conversations.raiseMarker(options);
      },
    };
    const dying = markRead({ ...ports, conversations }, { username: bob, peer: alice, seq: 2 });
    await expect(dying).rejects.toThrow("died");
    await expect.poll(markers).toEqual({ his: 2, hers: 0 });
    expect(await bobReads(2)).toEqual({ readSeq: 2 });
    expect(await markers()).toEqual({ his: 2, hers: 2 });
  });

  test("[M1] without a message there is nothing to read; nobody, and oneself, are refused", async () => {
    const { alice, bob, ports, rows, recorder, connect } = await twoUsers(storage);
    await connect(alice, "a1=");
    const bobReads = (peer: string) => markRead(ports, { username: bob, peer, seq: 1 });
    expect(await bobReads(alice)).toEqual({ readSeq: 0 });
    expect(await rows()).toEqual([undefined, undefined]);
    await block(ports, { username: bob, peer: alice });
    expect(await bobReads(alice)).toEqual({ readSeq: 0 });
    expect(await rows()).toMatchObject([undefined, { readSeq: 0, blocked: true }]);
    expect(recorder.posts).toEqual([]);
    expect(await code(bobReads(`nobody-${randomUUID()}`))).toBe("unknown_user");
    expect(await code(bobReads(bob))).toBe("to_oneself");
  });

  test("[M1] seq is a whole number from 0 on", () => {
    for (const seq of [0, 1, Number.MAX_SAFE_INTEGER]) expect(parseRead(JSON.stringify({ seq }))).toEqual({ seq });
    for (const body of [
      ...['{"seq":-1}', '{"seq":1.5}', '{"seq":9007199254740992}', '{"seq":1e400}', '{"seq":"1"}', '{"seq":null}'],
      ...["{}", "[]", "", undefined],
    ])
      expect(() => parseRead(body), body).toThrow(expect.objectContaining({ code: "invalid_body" }));
  });
});

describe("the frame read", () => {
  test("[M2] comes on every connection of both, with the peer as each side sees it, and the reader", async () => {
    const { alice, bob, connect, bobReads, recorder } = await threeUnread();
    await Promise.all([connect(alice, "a1="), connect(alice, "a2="), connect(bob, "b1="), connect(bob, "b2=")]);
    await bobReads(2);
    expect(recorder.to()).toEqual(["a1=", "a2=", "b1=", "b2="]);
    for (const [id, peer] of [
      ["a1=", bob],
      ["a2=", bob],
      ["b1=", alice],
      ["b2=", alice],
    ] as const)
      expect(recorder.framesOf(id)).toEqual([{ type: "read", peer, reader: bob, seq: 2 }]);
  });

  test("[M2] says where the marker stands, not what was asked for", async () => {
    const { alice, bob, connect, bobReads, recorder } = await threeUnread();
    await connect(alice, "a1=");
    await bobReads(99);
    await bobReads(1);
    const frame = { type: "read", peer: bob, reader: bob, seq: 3 };
    expect(recorder.framesOf("a1=")).toEqual([frame, frame]);
  });

  test("[M2] connections are looked up after both rows are written", async () => {
    const { alice, bob, ports, markers } = await threeUnread();
    const seen: [string, unknown][] = [];
    const connections: Connections = {
      ...storage.connections,
      live: async (options) => {
        seen.push([options.username, await markers()]);
        return storage.connections.live(options);
      },
    };
    await markRead({ ...ports, connections }, { username: bob, peer: alice, seq: 2 });
    const both = { his: 2, hers: 2 };
    expect(new Map(seen)).toEqual(
      new Map([
        [alice, both],
        [bob, both],
      ]),
    );
    expect(seen).toHaveLength(2);
  });

  test("[M2] a push that fails changes nothing, and a connection that is gone is forgotten", async () => {
    const { alice, connect, bobReads, recorder } = await threeUnread();
    await Promise.all([connect(alice, "a1="), connect(alice, "a2=")]);
    recorder.outcomes.set("a1=", "failed").set("a2=", "gone");
    expect(await bobReads(3)).toEqual({ readSeq: 3 });
    expect(await connectionsOf(storage, alice)).toEqual(["a1="]);
  });
});
