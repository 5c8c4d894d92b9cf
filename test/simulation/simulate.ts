import { conversationKey } from "../../functions/domain/conversation.ts";
import type { LogEntry } from "../../functions/domain/ports.ts";
import type { Message } from "../../functions/protocol/wire.ts";
import { Cloud, FRAME_MS_MAX } from "./cloud.ts";
import { Device } from "./device.ts";
import { Faults } from "./faults.ts";
import { VirtualWorld } from "./virtual-world.ts";

/** How long after an acknowledgement every device that is online has to know of it. */
const AWARE_MS = 3 * FRAME_MS_MAX + 15_000;
const REST_MS_MAX = 2 * 3_600_000;

export interface Report {
  faults: Map<string, number>;
  messages: number;
  events: number;
}

/**
 * One world from one seed: users with several devices write, read, block, sleep and lose the network while everything
 * fails; then it comes to rest. Throws what is not as PROTOCOL.md promises.
 */
export async function simulate(seed: number): Promise<Report> {
  const world = new VirtualWorld(seed);
  const faults = new Faults(world);
  const users = ["alice", "bob", "cid", "dan"].slice(0, 2 + Math.floor(world.random() * 3));
  const acknowledged = new Map<string, Message>();
  const blocked = new Set<string>();
  const devices: Device[] = [];
  let violation: Error | undefined;
  const violate = (what: string, details: unknown) => {
    violation ??= new Error(`Seed ${seed}, ${Math.round(world.elapsedMs)} ms: ${what}: ${JSON.stringify(details)}`);
  };

  /** Whether the device has to know by now what was acknowledged at that time. */
  const hasToKnow = (device: Device, atMs: number): boolean => {
    const { line } = device;
    const socket = line?.socket;
    if (line === undefined || socket === undefined || socket.state !== "open" || socket.isCut || !device.isAwake)
      return false;
    if (line.syncedAtMs === 0 || line.syncedAtMs > world.nowMs - 8_000 || device.awakeSinceMs > atMs - 5_000)
      return false;
    if (socket.tokenExpiresAtSeconds * 1000 < world.nowMs + 2_000) return false;
    return socket.excusedUntilMs < line.syncedFromMs || socket.excusedUntilMs === 0;
  };
  const expectAware = (names: string[], what: string, details: unknown, knows: (device: Device) => boolean) => {
    const atMs = world.nowMs;
    world.after(AWARE_MS, () => {
      for (const device of devices)
        if (names.includes(device.username) && hasToKnow(device, atMs) && !knows(device))
          violate(`${device.username}'s device, online and in step, does not know of ${what}`, details);
    });
  };
  const rowOf = (device: Device, users: readonly string[]) =>
    device.rows.get(users.find((user) => user !== device.username) ?? "");

  const cloud = new Cloud(world, faults, {
    sent(message) {
      acknowledged.set(message.id, message);
      const { sender, recipient, seq } = message;
      const isKnown = (device: Device) =>
        (rowOf(device, [sender, recipient])?.lastSeq ?? 0) >= seq ||
        // It asked for no echo, and waits for the answer or sends it again.
        device.outbox.entries.some(({ id }) => id === message.id);
      expectAware([sender, recipient], "a message", message, isKnown);
    },
    read({ reader, peer, seq }) {
      if (seq === 0) return;
      expectAware([reader, peer], "a read marker", { reader, peer, seq }, (device) => {
        const row = rowOf(device, [reader, peer]);
        return (device.username === reader ? row?.readSeq : row?.peerReadSeq) === undefined
          ? false
          : ((device.username === reader ? row?.readSeq : row?.peerReadSeq) ?? 0) >= seq;
      });
    },
  });
  const { log } = cloud.stores;
  const append = log.append;
  log.append = async (conversation, entry, over) => {
    const outcome = await append(conversation, entry, over);
    const { sender, recipient } = entry.message;
    if (outcome === "appended" && blocked.has(`${recipient} ${sender}`))
      violate("a message of a blocked sender was stored after the block was answered", entry.message);
    return outcome;
  };

  for (const username of users) {
    await cloud.stores.users.create(username, world.nowMs);
    for (let i = 0; i <= Math.floor(world.random() * 3); i++)
      devices.push(
        new Device({ username, clockOffsetMs: Math.round(world.between(-300_000, 300_000)), world, cloud, faults }),
      );
  }
  await world.run(1_000);

  // Chaos.
  let texts = 0;
  const sent: { device: Device; peer: string; text: string }[] = [];
  const say = (device: Device, peer: string) => {
    const text = `text ${++texts}`;
    sent.push({ device, peer, text });
    void device.send(peer, text);
  };
  /** One at a time for each pair: of two that overlap, either may be the last. */
  const blockIsFreeAtMs = new Map<string, number>();
  const changeBlock = (device: Device, peer: string, isBlock: boolean) => {
    const { username } = device;
    const pair = `${username} ${peer}`;
    if ((blockIsFreeAtMs.get(pair) ?? 0) > world.nowMs) return;
    blockIsFreeAtMs.set(pair, world.nowMs + 40_000);
    if (isBlock) void cloud.putBlock(device.token(), { username, peer }, () => blocked.add(pair));
    else {
      blocked.delete(pair);
      void cloud.deleteBlock(device.token(), { username, peer });
    }
  };
  const act = () => {
    const device = world.pick(devices);
    const peer = world.pick(users.filter((user) => user !== device.username));
    const { username } = device;
    const chance = world.random();
    if (chance < 0.55) for (let n = world.random() < 0.2 ? 5 : 1; n > 0; n--) say(device, peer);
    else if (chance < 0.7) void device.markRead(peer);
    else if (chance < 0.77) device.loseNetwork();
    else if (chance < 0.84) device.sleepFor(world.pick([5_000, 60_000, 900_000]));
    else if (chance < 0.88) device.restart();
    else if (chance < 0.98) changeBlock(device, peer, chance < 0.93);
    else void cloud.deleteConnections(device.token(), username);
  };
  const pauseMs = world.pick([300, 300, 3_000, 3_000, 20_000, 20_000, 20_000, 300_000]);
  for (let actions = 0; actions < 50 && violation === undefined; actions++) {
    act();
    await world.run(world.random() * 2 * pauseMs);
  }

  // Rest.
  faults.intensity = 0;
  const isWaiting = () =>
    devices.some(({ outbox, isAwake }) => !isAwake || outbox.entries.some(({ refusal }) => refusal === undefined));
  await world.run(REST_MS_MAX, () => violation !== undefined || !isWaiting());
  await world.run(60_000, () => violation !== undefined);
  for (const device of devices) device.heartbeat();
  await world.run(30_000, () => violation !== undefined);
  for (const device of devices) device.heartbeat();
  await world.run(30_000, () => violation !== undefined);
  for (const device of devices) for (const { peer } of device.rows.all()) void device.loadAll(peer);
  await world.run(60_000, () => violation !== undefined);
  if (violation !== undefined) throw violation;

  // What is true of a world at rest.
  const fail = (what: string, details: unknown): never => {
    throw new Error(`Seed ${seed}: ${what}: ${JSON.stringify(details)}`);
  };
  if (isWaiting())
    fail(
      "something is still not sent",
      devices.map(({ outbox }) => outbox.entries),
    );
  const refused = new Set(devices.flatMap(({ outbox }) => outbox.entries.map(({ id }) => id)));
  let messages = 0;
  for (const [i, one] of users.entries())
    for (const other of users.slice(i + 1)) {
      const conversation = conversationKey([one, other]);
      const entries: LogEntry[] = await log.forward({ conversation, after: 0, limit: 10_000 });
      const all = entries.map(({ message }) => message);
      // An attempt that was overtaken by a refusal of its repeat, and died, may leave a message that no row tells of yet.
      const reached = (await cloud.stores.conversations.get({ username: one, peer: other }))?.lastSeq ?? 0;
      const stored = all.slice(0, reached);
      if (all.slice(reached).some(({ id }) => acknowledged.has(id) || !refused.has(id)))
        fail("a row is behind its log", all);
      messages += stored.length;
      if (stored.some(({ seq }, index) => seq !== index + 1)) fail("the log has a gap", stored);
      if (new Set(stored.map(({ id }) => id)).size !== stored.length) fail("an id is stored twice", stored);
      if (new Set(stored.map(({ text }) => text)).size !== stored.length) fail("a message is stored twice", stored);
      if (stored.some((message, index) => message.createdAt < (stored[index - 1]?.createdAt ?? "")))
        fail("time goes back", stored);
      for (const message of acknowledged.values())
        if (conversationKey([message.sender, message.recipient]) === conversation)
          if (JSON.stringify(stored[message.seq - 1]) !== JSON.stringify(message))
            fail("an acknowledged message is not in the log", message);
      for (const device of devices) {
        if (device.username !== one && device.username !== other) continue;
        const peer = device.username === one ? other : one;
        const mine = sent.filter((each) => each.device === device && each.peer === peer).map(({ text }) => text);
        const places = mine
          .map((text) => stored.findIndex((message) => message.text === text))
          .filter((place) => place >= 0);
        if (places.some((place, index) => place < (places[index - 1] ?? 0)))
          fail("a device's messages are out of order", { mine, stored });
        for (const { id, refusal } of device.outbox.entries)
          if (refusal !== undefined && stored.some((message) => message.id === id))
            fail("what was refused is stored", { id, refusal });
        const row = await cloud.stores.conversations.get({ username: device.username, peer });
        if ((row?.lastSeq ?? 0) !== stored.length) fail("a row is behind its log", { row, length: stored.length });
        const known = device.rows.get(peer);
        const numbers = (each: typeof row | typeof known) => [
          each?.lastSeq ?? 0,
          each?.readSeq ?? 0,
          each?.peerReadSeq ?? 0,
        ];
        if (`${numbers(row)}` !== `${numbers(known)}`)
          fail("a device's row is wrong", { row, known, user: device.username });
        if ((known?.unread ?? 0) !== (row?.lastSeq ?? 0) - (row?.readSeq ?? 0) || (known?.unread ?? 0) < 0)
          fail("unread is wrong", { row, known });
        if (JSON.stringify(device.timeline(peer).messages) !== JSON.stringify(stored))
          fail("a device does not show what the log holds", {
            shown: device.timeline(peer).messages,
            stored,
            user: device.username,
          });
      }
    }
  return { faults: faults.counts, messages, events: world.events };
}
