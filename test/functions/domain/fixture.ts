import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { block, unblock } from "../../../functions/domain/block.ts";
import { conversationKey } from "../../../functions/domain/conversation.ts";
import type { Closer, Push, World } from "../../../functions/domain/ports.ts";
import { type SendPorts, send } from "../../../functions/domain/send.ts";
import { Refusal } from "../../../functions/protocol/errors.ts";
import type { ServerFrame } from "../../../functions/protocol/wire.ts";
import type { Storage } from "../../storage.ts";

export const world: World = {
  nowMs: Date.now,
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  newId: () => v7(),
};

/** Records what was pushed, and answers for a connection what `outcomes` says: delivered, if nothing. */
export function recordingPush() {
  const posts: { connectionId: string; frame: ServerFrame }[] = [];
  const outcomes = new Map<string, "gone" | "failed">();
  const push: Push = {
    async post({ connectionId, frame }) {
      posts.push({ connectionId, frame: JSON.parse(frame) });
      return outcomes.get(connectionId) ?? "delivered";
    },
  };
  return {
    push,
    posts,
    outcomes,
    to: () => posts.map(({ connectionId }) => connectionId).sort(),
    /** What went to one connection, in order. */
    framesOf: (to: string) => posts.filter(({ connectionId }) => connectionId === to).map(({ frame }) => frame),
  };
}

/** Records what was closed, and answers for a connection what `outcomes` says: closed, if nothing. */
export function recordingCloser() {
  const closed: string[] = [];
  const outcomes = new Map<string, "gone" | "failed">();
  const closer: Closer = {
    async close(connectionId) {
      closed.push(connectionId);
      return outcomes.get(connectionId) ?? "closed";
    },
  };
  return { closer, closed, outcomes };
}

/** Records an open connection, by default older than one that may still be opening. */
export function connectTo(storage: Storage, username: string, connectionId: string, ageMs = 60_000): Promise<void> {
  return storage.connections.put({
    username,
    connectionId,
    connectedAtMs: Date.now() - ageMs,
    expiresAtSeconds: Math.ceil(Date.now() / 1000) + 3600,
  });
}

/** The ids of the connections of a user that are recorded. */
export async function connectionsOf(storage: Storage, username: string): Promise<string[]> {
  const live = await storage.connections.live({ username, nowMs: Date.now() });
  return live.map(({ connectionId }) => connectionId).sort();
}

/** Two new users, and the ports to send between them. */
export async function twoUsers(storage: Storage, overrides: Partial<SendPorts> = {}) {
  const [alice, bob] = [`alice-${randomUUID()}`, `bob-${randomUUID()}`];
  await Promise.all([alice, bob].map((name) => storage.users.create(name, Date.now())));
  const conversation = conversationKey([alice, bob]);
  const recorder = recordingPush();
  const ports: SendPorts = {
    ...storage,
    push: recorder.push,
    world,
    limits: { messagesPerBurst: null, newPeersPerHour: null },
    ...overrides,
  };
  const connect = (username: string, connectionId: string, ageMs?: number) =>
    connectTo(storage, username, connectionId, ageMs);
  const say = (text: string, id?: string) =>
    send(ports, { sender: alice, recipient: bob, text, ...(id === undefined ? {} : { id }) });
  const answer = (text: string, id?: string) =>
    send(ports, { sender: bob, recipient: alice, text, ...(id === undefined ? {} : { id }) });
  const bobBlocks = () => block(ports, { username: bob, peer: alice });
  const bobUnblocks = () => unblock(ports, { username: bob, peer: alice });
  const rows = () =>
    Promise.all([
      storage.conversations.get({ username: alice, peer: bob }),
      storage.conversations.get({ username: bob, peer: alice }),
    ]);
  const texts = async () =>
    (await storage.log.forward({ conversation, after: 0, limit: 1000 })).map(
      ({ message }) => `${message.seq} ${message.text}`,
    );
  return { alice, bob, conversation, ports, connect, say, answer, bobBlocks, bobUnblocks, rows, texts, recorder };
}

/** `sent`, or the code of the refusal. */
export function code(sending: Promise<unknown>): Promise<string> {
  return sending.then(
    () => "sent",
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
}

/** A UUIDv7 of that time. */
export const idAt = (ms: number) => v7({ msecs: ms });
