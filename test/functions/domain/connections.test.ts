import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeConnections } from "../../../functions/domain/close-connections.ts";
import { connect } from "../../../functions/domain/connect.ts";
import { CONNECTIONS_MAX } from "../../../functions/protocol/limits.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, connectionsOf, connectTo, recordingCloser, world } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

const YOUNG_MS = 25_000;
const OLD_MS = 30_500;

/** A user with this many connections, `c0=` the oldest, each a second younger than the one before. */
async function userWith(count: number, youngestMs = 60_000) {
  const username = `user-${randomUUID()}`;
  await storage.users.create(username, Date.now());
  const ids = Array.from({ length: count }, (_, i) => `c${i}=`);
  await Promise.all(ids.map((id, i) => connectTo(storage, username, id, youngestMs + (count - 1 - i) * 1000)));
  const { closer, closed, outcomes } = recordingCloser();
  const ports = { ...storage, closer, world };
  const opens = (connectionId: string) =>
    connect(ports, {
      username,
      connectionId,
      connectedAtMs: Date.now(),
      tokenExpiresAtSeconds: Math.ceil(Date.now() / 1000) + 3600,
    });
  return { username, ids, opens, closed, outcomes, ports, recorded: () => connectionsOf(storage, username) };
}

describe("the bound of connections", () => {
  test("[C6] the 32nd closes none; the 33rd closes the oldest, and only it", async () => {
    expect(CONNECTIONS_MAX).toBe(32);
    const { ids, opens, closed, recorded } = await userWith(31);
    await opens("new32=");
    expect(closed).toEqual([]);
    expect(await recorded()).toHaveLength(32);
    await opens("new33=");
    expect(closed).toEqual(["c0="]);
    expect(await recorded()).toEqual([...ids.slice(1), "new32=", "new33="].sort());
  });

  test("[C6] a connection that is recorded again counts once", async () => {
    const { opens, closed, recorded } = await userWith(31);
    await opens("new=");
    await opens("new=");
    expect(closed).toEqual([]);
    expect(await recorded()).toHaveLength(32);
  });

  test("[C6] what has expired does not count, and another user's neither", async () => {
    const { username, opens, closed } = await userWith(31);
    const expiresAtSeconds = Math.floor(Date.now() / 1000) - 1;
    await storage.connections.put({ username, connectionId: "expired=", connectedAtMs: 0, expiresAtSeconds });
    await userWith(31);
    await opens("new=");
    expect(closed).toEqual([]);
  });

  test("[C6] of more than are allowed all the oldest are closed", async () => {
    const { ids, opens, closed, recorded } = await userWith(35);
    await opens("new=");
    expect(closed.sort()).toEqual(["c0=", "c1=", "c2=", "c3="]);
    expect(await recorded()).toEqual([...ids.slice(4), "new="].sort());
  });

  test("[C6] one that cannot be closed stays recorded, does not fail the new one, and is closed by the next", async () => {
    const { opens, closed, outcomes, recorded } = await userWith(32);
    outcomes.set("c0=", "failed");
    await opens("new1=");
    expect(await recorded()).toHaveLength(33);
    expect(await recorded()).toContain("c0=");
    outcomes.clear();
    await opens("new2=");
    expect(closed.sort()).toEqual(["c0=", "c0=", "c1="]);
    expect(await recorded()).toHaveLength(32);
  });

  test("[C6] [P5] one that is gone is forgotten, unless it may still be opening", async () => {
    const old = await userWith(32, OLD_MS);
    old.outcomes.set("c0=", "gone");
    await old.opens("new=");
    expect(await old.recorded()).not.toContain("c0=");
    const young = await userWith(0);
    for (let i = 0; i < 32; i++) await connectTo(storage, young.username, `y${i}=`, YOUNG_MS - i * 10);
    young.outcomes.set("y0=", "gone");
    await young.opens("new=");
    expect(young.closed).toEqual(["y0="]);
    expect(await young.recorded()).toContain("y0=");
  });
});

describe("to sign out everywhere", () => {
  test("[C7] closes all of the user's connections, and forgets them", async () => {
    const { username, ids, closed, ports, recorded } = await userWith(3);
    const other = await userWith(1);
    expect(await closeConnections(ports, username)).toEqual({ closed: 3 });
    expect(closed.sort()).toEqual(ids);
    expect(await recorded()).toEqual([]);
    expect(await other.recorded()).toEqual(["c0="]);
    expect(await closeConnections(ports, username)).toEqual({ closed: 0 });
    expect(closed).toHaveLength(3);
  });

  test("[C7] one that cannot be closed is told, and stays for the repeat; the others are closed", async () => {
    const { username, outcomes, ports, recorded } = await userWith(3);
    outcomes.set("c1=", "failed");
    const closing = closeConnections(ports, username);
    expect(await code(closing)).toBe("unavailable");
    await expect(closing).rejects.toMatchObject({ retryAfterSeconds: 1, message: expect.stringMatching(/^1 of 3 /) });
    expect(await recorded()).toEqual(["c1="]);
    outcomes.clear();
    expect(await closeConnections(ports, username)).toEqual({ closed: 1 });
    expect(await recorded()).toEqual([]);
  });

  test("[C7] [P5] one that is gone is forgotten, unless it may still be opening", async () => {
    const { username, outcomes, ports, recorded } = await userWith(0);
    await Promise.all([connectTo(storage, username, "old=", OLD_MS), connectTo(storage, username, "young=", YOUNG_MS)]);
    outcomes.set("old=", "gone").set("young=", "gone");
    await closeConnections(ports, username);
    expect(await recorded()).toEqual(["young="]);
  });
});
