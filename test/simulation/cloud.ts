import { block, unblock } from "../../functions/domain/block.ts";
import { closeConnections } from "../../functions/domain/close-connections.ts";
import { connect } from "../../functions/domain/connect.ts";
import { listMessages } from "../../functions/domain/list-messages.ts";
import { markRead } from "../../functions/domain/mark-read.ts";
import { type SendRequest, send } from "../../functions/domain/send.ts";
import { sync } from "../../functions/domain/sync.ts";
import { problem, REFUSALS } from "../../functions/protocol/errors.ts";
import { CONNECTION_LIFE_MS_MAX } from "../../functions/protocol/limits.ts";
import type { Message, MessagePage } from "../../functions/protocol/wire.ts";
import type { Faults } from "./faults.ts";
import { type Answer, invoke, type Ports, type Surroundings } from "./invocation.ts";
import { memoryStores } from "./memory-stores.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** A frame that is on its way for longer than this is a fault, and never for longer than `FRAME_MS_MAX`. */
const FRAME_MS = 50;
export const FRAME_MS_MAX = 3_000;
const IDLE_MS_MAX = 10 * 60_000;

/** What a client hears of its socket. */
export interface SocketListener {
  opened(): void;
  frame(frame: string): void;
  /** `status` is that of a refused handshake. */
  closed(status?: number): void;
}

/** One WebSocket, as the gateway has it. */
export interface Socket {
  connectionId: string;
  username: string;
  connectedAtMs: number;
  tokenExpiresAtSeconds: number;
  state: "opening" | "open" | "closed";
  /** The client has gone without a word: what is sent to it is lost. */
  isCut: boolean;
  /** Until then a push to it may have been lost by a fault, so that its client cannot know of it before it syncs. */
  excusedUntilMs: number;
  listener: SocketListener;
}

/** The answer to an HTTP request; none came where it is undefined. */
export type HttpAnswer = { status: number; body: unknown; retryAfterSeconds?: number } | undefined;

/** What the simulation is told of what was acknowledged. */
export interface Witness {
  sent(message: Message, delivered: { repeated: boolean }): void;
  read(change: { reader: string; peer: string; seq: number }): void;
}

/** The server: the real domain functions behind gateways that fail, on storage in memory. */
export class Cloud {
  readonly stores;
  readonly sockets = new Map<string, Socket>();
  readonly #around: Surroundings;
  readonly #world: VirtualWorld;
  readonly #faults: Faults;
  readonly #witness: Witness;
  #connections = 0;

  constructor(world: VirtualWorld, faults: Faults, witness: Witness) {
    this.#world = world;
    this.#faults = faults;
    this.#witness = witness;
    this.stores = memoryStores({ nowMs: () => world.nowMs, lagMs: () => world.between(0, 1000) });
    this.#around = {
      world,
      faults,
      stores: this.stores,
      push: { post: async ({ connectionId, frame }) => this.#post(connectionId, frame) },
      closer: { close: async (connectionId) => this.#close(connectionId) },
      limits: { messagesPerBurst: 20, newPeersPerHour: 30 },
    };
  }

  postMessage(tokenExpiresAtMs: number, request: SendRequest): Promise<HttpAnswer> {
    return this.#http(
      tokenExpiresAtMs,
      async (ports) => {
        const sent = await send(ports, request);
        if (sent.repeated) this.#faults.note("repeat is acknowledged");
        return sent;
      },
      (sent) => this.#witness.sent(sent.message, sent),
    );
  }

  getMessages(
    expiresAtMs: number,
    request: { username: string; peer: string; page: MessagePage },
  ): Promise<HttpAnswer> {
    return this.#http(expiresAtMs, (ports) => listMessages(ports, request));
  }

  putRead(expiresAtMs: number, request: { username: string; peer: string; seq: number }): Promise<HttpAnswer> {
    return this.#http(
      expiresAtMs,
      (ports) => markRead(ports, request),
      ({ readSeq }) => this.#witness.read({ reader: request.username, peer: request.peer, seq: readSeq }),
    );
  }

  putBlock(expiresAtMs: number, request: { username: string; peer: string }, onDone: () => void): Promise<HttpAnswer> {
    return this.#http(expiresAtMs, (ports) => block(ports, request), onDone);
  }

  deleteBlock(expiresAtMs: number, request: { username: string; peer: string }): Promise<HttpAnswer> {
    return this.#http(expiresAtMs, (ports) => unblock(ports, request));
  }

  deleteConnections(expiresAtMs: number, username: string): Promise<HttpAnswer> {
    return this.#http(expiresAtMs, (ports) => closeConnections(ports, username));
  }

  async #http<T>(expiresAtMs: number, work: (ports: Ports) => Promise<T>, onAnswer?: (value: T) => void) {
    const { world } = this.#around;
    await world.sleep(world.between(5, 60));
    if (this.#faults.happens("request is lost")) return undefined;
    if (expiresAtMs <= world.nowMs) {
      this.#faults.note("token expires");
      return { status: 401, body: { message: "Unauthorized" } };
    }
    const answer = await invoke(this.#around, work);
    if (answer.kind === "answer") onAnswer?.(answer.value);
    await world.sleep(world.between(5, 60));
    if (this.#faults.happens("answer is lost")) return undefined;
    return toHttp(answer);
  }

  /** Begins a handshake. */
  open(user: { username: string; tokenExpiresAtMs: number }, listener: SocketListener): Socket {
    const world = this.#world;
    const socket: Socket = {
      connectionId: `c${++this.#connections}`,
      username: user.username,
      connectedAtMs: Math.round(world.nowMs),
      tokenExpiresAtSeconds: Math.floor(user.tokenExpiresAtMs / 1000),
      state: "opening",
      isCut: false,
      excusedUntilMs: 0,
      listener,
    };
    this.sockets.set(socket.connectionId, socket);
    this.#handshake(socket);
    return socket;
  }

  async #handshake(socket: Socket): Promise<void> {
    const world = this.#world;
    await world.sleep(world.between(5, 60));
    if (socket.tokenExpiresAtSeconds * 1000 <= world.nowMs) return this.#end(socket, 401);
    const answer = await invoke(this.#around, (ports) => connect(ports, socket));
    if (answer.kind !== "answer") return this.#end(socket, 500);
    // A connection that was called gone meanwhile must not have been forgotten for it.
    await world.sleep(this.#faults.happens("connection opens late") ? world.between(100, 8_000) : world.between(1, 20));
    if (socket.state === "closed") return;
    socket.state = "open";
    world.after(world.between(5, FRAME_MS), () => socket.isCut || socket.listener.opened());
    world.after(CONNECTION_LIFE_MS_MAX - (world.nowMs - socket.connectedAtMs), () => {
      if (socket.state === "closed") return;
      this.#faults.note("connection is cut after 2 h");
      this.#end(socket);
    });
    this.#cutWhenIdle(socket, world.nowMs);
  }

  #cutWhenIdle(socket: Socket, activeAtMs: number): void {
    const leftMs = activeAtMs + IDLE_MS_MAX - this.#world.nowMs;
    this.#world.after(leftMs, () => {
      if (socket.state === "closed") return;
      const lastMs = this.#activeAtMs.get(socket.connectionId) ?? activeAtMs;
      if (lastMs > activeAtMs) return this.#cutWhenIdle(socket, lastMs);
      this.#faults.note("idle connection is cut");
      this.#end(socket);
    });
  }

  readonly #activeAtMs = new Map<string, number>();

  /** The client sends a sync. */
  async sync(socket: Socket, since: string | undefined): Promise<void> {
    const world = this.#world;
    await world.sleep(world.between(5, FRAME_MS));
    if (socket.state !== "open" || socket.isCut) return;
    this.#activeAtMs.set(socket.connectionId, world.nowMs);
    const request = since === undefined ? socket : { ...socket, since };
    const answer = await invoke(this.#around, (ports) => sync(ports, request));
    if (answer.kind === "answer") this.#deliver(socket, JSON.stringify(answer.value));
    else if (answer.kind === "crash") this.#deliver(socket, JSON.stringify({ message: "Internal server error" }));
    else {
      const { code, message } = answer.refusal;
      if (code === "token_expired") this.#faults.note("token expires");
      this.#deliver(socket, JSON.stringify({ type: "error", code, detail: message, requestId: "r" }));
    }
  }

  /** The client closes its socket, or is gone without a word. */
  leave(socket: Socket, { unseen }: { unseen: boolean }): void {
    socket.isCut = true;
    const noticedMs = unseen ? this.#world.between(1_000, IDLE_MS_MAX) : this.#world.between(5, FRAME_MS);
    this.#world.after(noticedMs, () => this.#end(socket));
  }

  /** Ends a socket from the server's side. */
  #end(socket: Socket, status?: number): void {
    if (socket.state === "closed") return;
    const wasOpen = socket.state === "open";
    socket.state = "closed";
    this.sockets.delete(socket.connectionId);
    this.#world.after(this.#world.between(5, FRAME_MS), () => socket.isCut || socket.listener.closed(status));
    if (wasOpen && !this.#faults.happens("$disconnect never comes"))
      this.#world.after(this.#world.between(5, 2000), () => {
        void invoke(this.#around, (ports) => ports.connections.remove(socket));
      });
  }

  #post(connectionId: string, frame: string): "delivered" | "gone" | "failed" {
    const socket = this.sockets.get(connectionId);
    if (socket === undefined) return "gone";
    if (socket.state !== "open") {
      this.#faults.note("connection that is opening is called gone");
      return "gone";
    }
    this.#activeAtMs.set(connectionId, this.#world.nowMs);
    if (this.#faults.happens("open connection is called gone")) return this.#excuse(socket, "gone");
    if (this.#faults.happens("post is throttled")) return this.#excuse(socket, "failed");
    if (this.#faults.happens("post fails")) return this.#excuse(socket, "failed");
    if (this.#faults.happens("post vanishes")) return this.#excuse(socket, "delivered");
    this.#deliver(socket, frame);
    return "delivered";
  }

  /** The function that was told so may act on it for as long as it lives. */
  #excuse<T>(socket: Socket, outcome: T): T {
    socket.excusedUntilMs = this.#world.nowMs + 20_000;
    return outcome;
  }

  #close(connectionId: string): "closed" | "gone" | "failed" {
    const socket = this.sockets.get(connectionId);
    if (socket === undefined || socket.state !== "open") return "gone";
    this.#faults.note("signed out everywhere");
    this.#end(socket);
    return "closed";
  }

  /** Frames may overtake each other, and come twice. */
  #deliver(socket: Socket, frame: string): void {
    const times = this.#faults.happens("frame is repeated") ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const ms = this.#faults.happens("frame is late")
        ? this.#world.between(0, FRAME_MS_MAX)
        : this.#world.between(1, FRAME_MS);
      this.#world.after(ms, () => socket.isCut || socket.state === "closed" || socket.listener.frame(frame));
    }
  }
}

function toHttp(answer: Answer<unknown>): HttpAnswer {
  if (answer.kind === "crash") return { status: 500, body: { message: "Internal Server Error" } };
  if (answer.kind === "answer") {
    const { repeated } = (answer.value ?? {}) as { repeated?: boolean };
    return { status: repeated === false ? 201 : 200, body: answer.value };
  }
  const { refusal } = answer;
  const { retryAfterSeconds } = refusal;
  return {
    status: REFUSALS[refusal.code].status,
    body: problem(refusal, "r"),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}
