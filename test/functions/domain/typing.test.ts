import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { typing } from "../../../functions/domain/typing.ts";
import { parseTyping } from "../../../functions/protocol/wire.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, connectionsOf, twoUsers, world } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

const inAnHour = () => Math.ceil(Date.now() / 1000) + 3600;

/** Both have a socket; what one sees of the other's typing. */
async function connected() {
  const users = await twoUsers(storage);
  const { alice, bob, ports, connect, recorder } = users;
  await Promise.all([connect(alice, "a1="), connect(bob, "b1="), connect(bob, "b2=")]);
  const types = (username: string, peer: string) =>
    typing(ports, { username, peer, tokenExpiresAtSeconds: inAnHour() });
  /** What has been posted since the last look. */
  const posted = () => recorder.posts.splice(0).sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
  return { ...users, types, posted };
}

test("[T1] every connection of the peer's gets the frame, none of the typist's, and nothing is stored", async () => {
  const { alice, bob, say, types, posted, rows, texts } = await connected();
  await say("hi");
  posted();
  const before = [await rows(), await texts()];
  expect(await types(alice, bob)).toBeUndefined();
  const frame = { type: "typing", peer: alice };
  expect(posted()).toEqual([
    { connectionId: "b1=", frame },
    { connectionId: "b2=", frame },
  ]);
  await types(bob, alice);
  expect(posted()).toEqual([{ connectionId: "a1=", frame: { type: "typing", peer: bob } }]);
  expect([await rows(), await texts()]).toEqual(before);
});

test("[T1] without a conversation nothing is passed on, and that is not told", async () => {
  const { alice, bob, types, posted } = await connected();
  expect(await types(alice, bob)).toBeUndefined();
  expect(posted()).toEqual([]);
});

test("[T1] to somebody who has blocked the typist nothing is passed on, and that is not told", async () => {
  const { alice, bob, say, bobBlocks, bobUnblocks, types, posted } = await connected();
  await say("hi");
  await bobBlocks();
  posted();
  expect(await types(alice, bob)).toBeUndefined();
  expect(posted()).toEqual([]);
  await types(bob, alice);
  expect(posted()).toHaveLength(1);
  await bobUnblocks();
  await types(alice, bob);
  expect(posted()).toHaveLength(2);
});

test("[T1] a connection that is gone is forgotten, and a push that fails is not told", async () => {
  const { alice, bob, say, types, recorder } = await connected();
  await say("hi");
  recorder.outcomes.set("b1=", "gone").set("b2=", "failed");
  expect(await types(alice, bob)).toBeUndefined();
  expect(await connectionsOf(storage, bob)).toEqual(["b2="]);
});

test("[T1] to oneself, and to nobody, it is refused", async () => {
  const { alice, types } = await connected();
  expect(await code(types(alice, alice))).toBe("to_oneself");
  expect(await code(types(alice, `nobody-${randomUUID()}`))).toBe("unknown_user");
});

test("[S5] on a connection whose token has expired it is refused, and not passed on", async () => {
  const { alice, bob, ports, say, posted } = await connected();
  await say("hi");
  posted();
  const expiresAtSeconds = 2_000_000_000;
  const at = (nowMs: number) =>
    code(
      typing(
        { ...ports, world: { ...world, nowMs: () => nowMs } },
        { username: alice, peer: bob, tokenExpiresAtSeconds: expiresAtSeconds },
      ),
    );
  expect(await at(expiresAtSeconds * 1000)).toBe("token_expired");
  expect(posted()).toEqual([]);
  // The records of the sockets in this test have expired by then; what counts here is that it isn't refused.
  expect(await at(expiresAtSeconds * 1000 - 1)).toBe("sent");
});

test("[E5] the frame names a peer", () => {
  expect(parseTyping('{"action":"typing","peer":"bob"}')).toEqual({ peer: "bob" });
  expect(parseTyping('{"action":"typing","peer":"e\u0301"}')).toEqual({ peer: "\u00e9" });
  for (const [body, refused] of [
    ['{"action":"typing","peer":"no body"}', "invalid_username"],
    ['{"action":"typing","peer":""}', "invalid_username"],
    ['{"action":"typing","peer":1}', "invalid_frame"],
    ['{"action":"typing"}', "invalid_frame"],
    ['{"action":"sync","peer":"bob"}', "invalid_frame"],
    [undefined, "invalid_frame"],
  ] as const)
    expect(() => parseTyping(body), body).toThrow(expect.objectContaining({ code: refused }));
});
