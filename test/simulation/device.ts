import { Outbox, type OutboxEntry } from "../../client/outbox.ts";
import { Rows } from "../../client/rows.ts";
import { ServerClock } from "../../client/server-clock.ts";
import { Timeline } from "../../client/timeline.ts";
import type { Message, Row } from "../../functions/protocol/wire.ts";
import type { Cloud, HttpAnswer, Socket } from "./cloud.ts";
import type { Faults } from "./faults.ts";
import { newId } from "./invocation.ts";
import type { VirtualWorld } from "./virtual-world.ts";

const TOKEN_LIFE_MS = 60 * 60_000;
const HEARTBEAT_MS = 8 * 60_000;
const ANSWER_MS_MAX = 30_000;
const RENEW_AHEAD_MS = 60_000;
/** Some are late, and are cut at 2 h. */
const SOCKET_LIFE_MS = { min: 100 * 60_000, max: 140 * 60_000 };

/** One socket as its device sees it. */
interface Line {
  socket?: Socket;
  isOpen: boolean;
  /** When the last complete sync was asked for and answered. */
  askedAtMs: number;
  syncedFromMs: number;
  syncedAtMs: number;
}

/** A device of a user: the protocol client's timeline, rows and outbox, and a simple hand that drives them. */
export class Device {
  readonly username: string;
  rows: Rows;
  timelines = new Map<string, Timeline>();
  outbox: Outbox;
  /** Since when it has been awake without a break. */
  awakeSinceMs = 0;
  isAwake = true;
  line: Line | undefined;
  readonly clock: ServerClock;
  readonly #kept = new Map<number, OutboxEntry>();
  readonly #world: VirtualWorld;
  readonly #cloud: Cloud;
  readonly #faults: Faults;
  readonly #fetching = new Set<string>();
  #cursor: string | undefined;
  #tokenExpiresAtMs = 0;
  #wake: (() => void)[] = [];
  #life = 0;

  constructor(parts: { username: string; clockOffsetMs: number; world: VirtualWorld; cloud: Cloud; faults: Faults }) {
    const { username, clockOffsetMs, world, cloud, faults } = parts;
    this.username = username;
    this.#world = world;
    this.#cloud = cloud;
    this.#faults = faults;
    this.clock = new ServerClock(() => world.nowMs + clockOffsetMs);
    this.rows = this.#newRows();
    this.outbox = this.#newOutbox();
    this.#renewToken();
    void this.#connect();
  }

  send(peer: string, text: string): Promise<OutboxEntry> {
    return this.outbox.add({ peer, text });
  }

  timeline(peer: string): Timeline {
    const there = this.timelines.get(peer) ?? new Timeline();
    this.timelines.set(peer, there);
    return there;
  }

  /** Its process ends and is started again: what is kept is the outbox alone. */
  restart(): void {
    this.#faults.note("device is started again");
    this.#life++;
    this.outbox.stop();
    this.#hangUp({ unseen: this.#world.random() < 0.5 });
    this.rows = this.#newRows();
    this.timelines = new Map();
    this.#fetching.clear();
    this.#cursor = undefined;
    this.outbox = this.#newOutbox();
    void this.#connect();
  }

  sleepFor(ms: number): void {
    if (!this.isAwake) return;
    this.#faults.note("device sleeps");
    this.isAwake = false;
    if (this.#world.random() < 0.5) this.loseNetwork();
    this.#world.after(ms, () => {
      this.isAwake = true;
      this.awakeSinceMs = this.#world.nowMs;
      for (const wake of this.#wake.splice(0)) wake();
      this.heartbeat();
    });
  }

  /** The network is gone without a word; the device finds out when a sync is not answered. */
  loseNetwork(): void {
    if (this.line?.socket === undefined || this.line.socket.isCut) return;
    this.#faults.note("device loses the network unseen");
    this.#cloud.leave(this.line.socket, { unseen: true });
  }

  heartbeat(): void {
    if (this.line?.isOpen) this.#sync(this.line);
  }

  async markRead(peer: string): Promise<void> {
    const seq = this.timelines.get(peer)?.messages.at(-1)?.seq;
    if (seq === undefined) return;
    const { username } = this;
    const answer = await this.#cloud.putRead(this.#token(), { username, peer, seq });
    if (answer?.status === 200) {
      const { readSeq } = answer.body as { readSeq: number };
      this.#change(() => this.rows.read({ peer, reader: username, seq: readSeq }));
    }
  }

  /** All messages back to the first. */
  async loadAll(peer: string): Promise<void> {
    for (let earlier = this.timeline(peer).earlier; earlier !== undefined; earlier = this.timeline(peer).earlier)
      await this.#fetchPage(peer, earlier);
  }

  token(): number {
    return this.#token();
  }

  #token(): number {
    // By its own clock, which may be wrong.
    if (this.#tokenExpiresAtMs < this.clock.nowMs()) this.#renewToken();
    return this.#tokenExpiresAtMs;
  }

  #renewToken(): void {
    this.#tokenExpiresAtMs = this.#world.nowMs + TOKEN_LIFE_MS * this.#world.between(0.3, 3);
  }

  #awake(): Promise<void> {
    return this.isAwake ? Promise.resolve() : new Promise((resolve) => this.#wake.push(resolve));
  }

  #newRows(): Rows {
    return new Rows({ username: () => this.username, profile: () => undefined });
  }

  #newOutbox(): Outbox {
    const life = this.#life;
    const whileAlive = (change: () => void) => {
      if (life === this.#life) change();
      return Promise.resolve();
    };
    const outbox = new Outbox({
      clock: this.clock,
      random: this.#world.random,
      newId: (ms) => newId(this.#world, ms),
      wait: (ms) => this.#world.sleep(ms).then(() => this.#awake()),
      store: {
        load: async () => [...this.#kept.values()],
        put: (entry) => this.#world.sleep(1).then(() => whileAlive(() => this.#kept.set(entry.order, entry))),
        remove: (order) => this.#world.sleep(1).then(() => whileAlive(() => this.#kept.delete(order))),
      },
      post: async (entry) => {
        const { id, peer, text } = entry;
        const connectionId = this.line?.socket?.connectionId;
        const answer = await this.#within(
          this.#cloud.postMessage(this.#token(), {
            sender: this.username,
            recipient: peer,
            id,
            text,
            ...(connectionId === undefined ? {} : { connectionId }),
          }),
        );
        if (answer === undefined) throw new Error("No answer came");
        if (answer.status === 401) this.#renewToken();
        const code = (answer.body as { code?: string }).code;
        if (code === "id_from_the_future") this.#faults.note("id is from the future");
        if (code === "blocked") this.#faults.note("block stops a send under way");
        const { message } = answer.body as { message?: unknown };
        // A gateway's own error has a message too, which is no message of ours.
        return answer.status >= 300 && typeof message === "string" ? { status: answer.status, body: {} } : answer;
      },
      onStored: (message) => void whileAlive(() => this.#take(message)),
      onRefused: () => undefined,
    });
    void outbox.start();
    return outbox;
  }

  /** The answer, when the device is awake; none when it takes too long. */
  async #within(answering: Promise<HttpAnswer>): Promise<HttpAnswer> {
    const answer = await Promise.race([answering, this.#world.sleep(ANSWER_MS_MAX).then(() => undefined)]);
    await this.#awake();
    return answer;
  }

  async #connect(): Promise<void> {
    const life = this.#life;
    for (let attempt = 0; life === this.#life; attempt++) {
      await this.#awake();
      const outcome = await this.#openLine(life);
      if (outcome === "ended") attempt = 0;
      await this.#world.sleep(this.#world.random() * Math.min(20_000, 500 * 2 ** attempt));
    }
  }

  /** Opens a socket and resolves when it has ended. */
  #openLine(life: number): Promise<"ended" | "refused"> {
    const renewsInTime = this.#world.random() < 0.7;
    const lifeMs = this.#world.between(SOCKET_LIFE_MS.min, SOCKET_LIFE_MS.max);
    const line: Line = { isOpen: false, askedAtMs: 0, syncedFromMs: 0, syncedAtMs: 0 };
    this.line = line;
    return new Promise((resolve) => {
      const isMine = () => this.line === line && life === this.#life;
      const end = (outcome: "ended" | "refused") => {
        if (this.line === line) this.line = undefined;
        if (line.socket !== undefined && line.socket.state !== "closed" && !line.socket.isCut)
          this.#cloud.leave(line.socket, { unseen: false });
        resolve(outcome);
      };
      const whenAwake = (happen: () => void) => void this.#awake().then(() => (isMine() ? happen() : resolve("ended")));
      line.socket = this.#cloud.open(
        { username: this.username, tokenExpiresAtMs: this.#token() },
        {
          opened: () =>
            whenAwake(() => {
              line.isOpen = true;
              this.#sync(line);
            }),
          closed: (status) =>
            whenAwake(() => {
              if (status === 401) this.#renewToken();
              end(line.isOpen ? "ended" : "refused");
            }),
          frame: (frame) => whenAwake(() => this.#frame(line, frame, () => end("ended"))),
        },
      );
      const tick = () => {
        if (!isMine()) return end("ended");
        const { nowMs } = this.#world;
        const isSilent = line.askedAtMs > line.syncedAtMs && nowMs - line.askedAtMs > 10_000;
        const { socket } = line;
        const ageMs = nowMs - (socket?.connectedAtMs ?? nowMs);
        const isOld =
          ageMs > lifeMs || (renewsInTime && (socket?.tokenExpiresAtSeconds ?? 0) * 1000 < nowMs + RENEW_AHEAD_MS);
        if (this.isAwake && (isSilent || isOld || (!line.isOpen && ageMs > 40_000))) {
          if (isOld) this.#renewToken();
          return end("ended");
        }
        if (this.isAwake && line.isOpen && nowMs - line.askedAtMs > HEARTBEAT_MS) this.#sync(line);
        this.#world.after(5_000, tick);
      };
      this.#world.after(5_000, tick);
    });
  }

  #hangUp({ unseen }: { unseen: boolean }): void {
    const socket = this.line?.socket;
    this.line = undefined;
    if (socket !== undefined && socket.state !== "closed" && !socket.isCut) this.#cloud.leave(socket, { unseen });
  }

  #sync(line: Line): void {
    if (line.socket === undefined) return;
    line.askedAtMs = this.#world.nowMs;
    void this.#cloud.sync(line.socket, this.#cursor);
  }

  #frame(line: Line, text: string, end: () => void): void {
    const frame = JSON.parse(text);
    if (frame.type === "message") this.#take(frame as Message);
    else if (frame.type === "read") this.#change(() => this.rows.read(frame));
    else if (frame.type === "synced") {
      this.clock.learn(frame.serverTime);
      for (const row of frame.rows as Row[]) {
        this.#change(() => this.rows.merge(row));
        this.timeline(row.peer).reach(row.lastSeq);
        void this.#fetch(row.peer);
      }
      this.#cursor = frame.cursor;
      line.syncedFromMs = line.askedAtMs;
      line.syncedAtMs = this.#world.nowMs;
      if (frame.more) this.#sync(line);
    } else if (frame.code === "token_expired") {
      this.#renewToken();
      end();
    } else this.#world.after(this.#world.between(100, 2000), () => this.line === line && this.#sync(line));
  }

  #take(message: Message): void {
    const peer = message.sender === this.username ? message.recipient : message.sender;
    const {
      type: _,
      senderName: _name,
      senderAvatar: _avatar,
      ...stored
    } = message as Message & Record<string, unknown>;
    this.#change(() => this.rows.message(stored as unknown as Message));
    this.#keep(peer, this.timeline(peer).add([stored as unknown as Message]));
    void this.#fetch(peer);
  }

  /** A read marker never moves back, on no device. */
  #change(change: () => Row): void {
    const before = new Map(this.rows.all().map((row) => [row.peer, row]));
    const row = change();
    const known = before.get(row.peer);
    if (known !== undefined && (row.readSeq < known.readSeq || row.peerReadSeq < known.peerReadSeq))
      throw new Error(`A read marker of ${this.username} moved back: ${JSON.stringify([known, row])}`);
  }

  async #fetch(peer: string): Promise<void> {
    if (this.#fetching.has(peer)) return;
    const life = this.#life;
    this.#fetching.add(peer);
    for (let missing = this.timeline(peer).missing; missing !== undefined; missing = this.timeline(peer).missing) {
      if (!(await this.#fetchPage(peer, missing))) await this.#world.sleep(this.#world.between(200, 3000));
      if (life !== this.#life) return;
    }
    this.#fetching.delete(peer);
  }

  async #fetchPage(peer: string, page: { newest?: true; after?: number; before?: number }): Promise<boolean> {
    const life = this.#life;
    const { newest, ...bound } = page;
    const request = { username: this.username, peer, page: { limit: 7, ...bound } };
    const answer = await this.#within(this.#cloud.getMessages(this.#token(), request));
    if (answer?.status === 401) this.#renewToken();
    if (answer?.status !== 200 || life !== this.#life) return false;
    const { messages } = answer.body as { messages: Message[] };
    this.#keep(peer, newest ? this.timeline(peer).open(messages) : this.timeline(peer).add(messages));
    return true;
  }

  #keep(peer: string, joined: Message[]): void {
    const run = this.timeline(peer).messages;
    if (run.some(({ seq }, index) => index > 0 && seq !== (run[index - 1]?.seq ?? 0) + 1))
      throw new Error(`The timeline of ${this.username} with ${peer} has a gap: ${JSON.stringify(run)}`);
    for (const message of joined) void this.outbox.confirm(message);
  }
}
