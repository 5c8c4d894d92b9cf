import type { ServerFrame, SyncedFrame } from "../functions/protocol/wire.ts";
import { isSignedOut } from "./api.ts";
import { toDuetError } from "./duet-error.ts";
import type { Network } from "./network.ts";
import { parseFrame } from "./server-frame.ts";
import {
  dueAtMs,
  RENEW_AHEAD_MS,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  step,
} from "./session-state.ts";
import type { AccessToken, TokenSource } from "./token-source.ts";
import type { World } from "./world.ts";

/** The clock is looked at so often, to notice that the device has slept: its timers may have stood still meanwhile. */
const TICK_MS = 20_000;
/** A timer that is later than this was held up by sleep. Browsers hold up those of hidden pages by a minute. */
const SLEPT_MS_MIN = 90_000;

/**
 * - `connecting`: the client is about to be online.
 * - `online`: the socket is open, and what was missed is known.
 * - `offline`: there is no socket; another attempt comes by itself, at the latest after 30 s, or 90 s where the device
 *   says that it has no network.
 * - `signed-out`: the server takes no token that the app gives. `reconnect` tries again.
 */
export type Status = "connecting" | "online" | "offline" | "signed-out";

/** The part of a `WebSocket` that is used. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface SessionPorts {
  world: World;
  network: Network;
  tokens: TokenSource;
  /** The server's time, ms since the epoch. */
  serverNowMs(): number;
  openSocket(token: string): Socket;
  /** Asks over HTTP whether the token is good. Rejects with what says that it is not, or with a passing fault. */
  check(): Promise<void>;
  onStatus(status: Status): void;
  /** Any frame but errors; of a sync each answer. */
  onFrame(frame: ServerFrame): void;
  /** A sync was answered to its end. */
  onSynced(): void;
  /** A sync was not answered: there is no network any more, or another one. */
  onDead(): void;
  onError(error: unknown): void;
}

/** One socket, and what is known of it. */
interface Line {
  socket?: Socket;
  token?: AccessToken;
  isOpen: boolean;
  connectionId?: string;
  /** Where a sync that needs several answers goes on. */
  nextPage?: string;
}

/** Keeps a socket open, and in step: does what session-state.ts decides. */
export class Session {
  readonly #ports: SessionPorts;
  readonly #lines = new Map<number, Line>();
  readonly #events: SessionEvent[] = [];
  #state: SessionState = { at: "offline", failures: 0, retryAtMs: Number.POSITIVE_INFINITY, isChecked: false };
  #status: Status = "offline";
  #newestLine = 0;
  #cursor: string | undefined;
  #isStepping = false;
  #cancelTimer = () => {};
  readonly #leaveNetwork: () => void;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    const { network } = ports;
    this.#leaveNetwork = network.onChange(() => this.dispatch({ type: "network", isOnline: network.isOnline() }));
  }

  get status(): Status {
    return this.#status;
  }

  /** When the next attempt to connect comes by itself; undefined while none waits. */
  get retryAtMs(): number | undefined {
    return this.#state.at === "offline" ? this.#state.retryAtMs : undefined;
  }

  /** The connection that is online, by the name that the server gave it. */
  get connectionId(): string | undefined {
    return this.#state.at === "online" ? this.#lines.get(this.#state.line)?.connectionId : undefined;
  }

  close(): void {
    this.#leaveNetwork();
    this.dispatch({ type: "close" });
  }

  /** Sends a frame that may be lost; answers whether there was a socket for it. */
  send(frame: object): boolean {
    const { socket } = (this.#state.at === "online" && this.#lines.get(this.#state.line)) || {};
    if (socket === undefined) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** Takes an event. One that comes out of another waits until that is done. */
  dispatch(event: SessionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#isStepping = false;
    }
    this.#setTimer();
  }

  #step(event: SessionEvent): void {
    const { world } = this.#ports;
    const newLine = () => ++this.#newestLine;
    const { state, effects } = step(this.#state, event, { nowMs: world.nowMs(), random: world.random, newLine });
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    const status = statusOf(state);
    if (status === this.#status) return;
    this.#status = status;
    this.#ports.onStatus(status);
  }

  #setTimer(): void {
    const { world } = this.#ports;
    this.#cancelTimer();
    const { at } = this.#state;
    if (at === "closed" || at === "signed-out") return;
    const nowMs = world.nowMs();
    const fireAtMs = Math.min(Math.max(dueAtMs(this.#state), nowMs), nowMs + TICK_MS);
    this.#cancelTimer = world.after(fireAtMs - nowMs, () => {
      if (world.nowMs() - fireAtMs > SLEPT_MS_MIN) this.dispatch({ type: "sync" });
      this.dispatch({ type: "time" });
    });
  }

  #do(effect: SessionEffect): void {
    switch (effect.do) {
      case "check": {
        // An answer that comes when the state is another is to a question of before.
        const asked = this.#state;
        this.#ports.check().then(
          () => this.#state === asked && this.dispatch({ type: "checked" }),
          (error: unknown) => this.#state === asked && this.#fail(error, { type: "unreachable" }),
        );
        break;
      }
      case "open":
        this.#lines.set(effect.line, { isOpen: false });
        void this.#open(effect.line);
        break;
      case "sync":
        this.#sync(effect.line);
        break;
      case "doubt":
        this.#ports.onDead();
        break;
      case "hang-up":
        this.#hangUp(effect.line);
    }
  }

  /** What went wrong is either that nobody is signed in, or the event. */
  #fail(error: unknown, event: SessionEvent): void {
    if (isSignedOut(error)) this.#ports.onError(error);
    this.dispatch(isSignedOut(error) ? { type: "signed-out" } : event);
  }

  async #open(number: number): Promise<void> {
    const ports = this.#ports;
    const { tokens, openSocket } = ports;
    const line = this.#lines.get(number);
    const ended = () => {
      if (!this.#lines.delete(number)) return;
      this.dispatch({ type: "ended", line: number, wasOpen: line?.isOpen ?? false });
    };
    try {
      // Of a token that is about to end, the app is asked for the next.
      const token = await tokens.get(2 * RENEW_AHEAD_MS);
      if (line === undefined || !this.#lines.has(number)) return;
      line.token = token;
      const socket = openSocket(token.text);
      line.socket = socket;
      socket.onopen = () => {
        line.isOpen = true;
        this.#sync(number);
      };
      socket.onmessage = ({ data }: { data: unknown }) => {
        try {
          this.#frame(number, line, parseFrame(data));
        } catch (error) {
          ports.onError(error);
        }
      };
      socket.onclose = ended;
      socket.onerror = ended;
    } catch (error) {
      this.#lines.delete(number);
      // It counts as open, because the token is no reason to look at.
      this.#fail(error, { type: "ended", line: number, wasOpen: true });
    }
  }

  #hangUp(number: number): void {
    const { socket } = this.#lines.get(number) ?? {};
    this.#lines.delete(number);
    if (socket === undefined) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    // It stays: in Node, an error that nobody listens to ends the process.
    socket.onerror = () => {};
    socket.close(1000);
  }

  #sync(number: number): void {
    const line = this.#lines.get(number);
    const since = line?.nextPage ?? this.#cursor;
    line?.socket?.send(JSON.stringify({ action: "sync", ...(since === undefined ? {} : { since }) }));
  }

  #frame(number: number, line: Line, frame: ServerFrame | undefined): void {
    if (!this.#lines.has(number)) return;
    // What is no frame of ours is the gateway's word that a function failed.
    if (frame === undefined) this.dispatch({ type: "sync-failed", line: number });
    else if (frame.type === "synced") this.#synced(number, line, frame);
    else if (frame.type !== "error") this.#ports.onFrame(frame);
    else if (frame.code === "token_expired") {
      // The clock may be wrong that held it for good.
      const { tokens } = this.#ports;
      if (line.token === undefined) return;
      tokens.replace(line.token).then(
        () => this.dispatch({ type: "token-ended", line: number }),
        (error: unknown) => this.#fail(error, { type: "token-ended", line: number }),
      );
    } else if (frame.code === "invalid_cursor") {
      this.#cursor = undefined;
      delete line.nextPage;
      this.#sync(number);
    } else if (frame.code === "unavailable" || frame.code === "internal") {
      this.dispatch({ type: "sync-failed", line: number });
    } else this.#ports.onError(toDuetError(new Error(frame.detail), frame.code));
  }

  #synced(number: number, line: Line, frame: SyncedFrame): void {
    line.connectionId = frame.connectionId;
    this.#ports.onFrame(frame);
    if (frame.more) {
      line.nextPage = frame.cursor;
      this.#sync(number);
      this.dispatch({ type: "answered", line: number });
      return;
    }
    delete line.nextPage;
    this.#cursor = frame.cursor;
    const { world, serverNowMs, onSynced } = this.#ports;
    // By the device's clock, which may differ from the server's.
    const endsAtMs = (line.token?.expiresAtMs ?? 0) - serverNowMs() + world.nowMs();
    this.dispatch({ type: "synced", line: number, endsAtMs });
    onSynced();
  }
}

function statusOf(state: SessionState): Status {
  switch (state.at) {
    case "online":
    case "signed-out":
    case "offline":
      return state.at;
    case "checking":
    case "connecting":
      return "connecting";
    case "closed":
      return "offline";
  }
}
