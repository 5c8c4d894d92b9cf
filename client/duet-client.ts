import { isUsername } from "../functions/protocol/username.ts";
import type { Message, MessageFrame, Profile, ReadFrame, Row, ServerFrame } from "../functions/protocol/wire.ts";
import { Api, type Fetch } from "./api.ts";
import type { Client, ClientEvents } from "./client.ts";
import type { Conversation } from "./conversation.ts";
import { DuetError, toDuetError } from "./duet-error.ts";
import { batched, Emitter } from "./emitter.ts";
import { LiveConversation } from "./live-conversation.ts";
import { MessageFeed } from "./message-feed.ts";
import { newMessageId } from "./message-id.ts";
import { messagesPath } from "./message-pages.ts";
import { deviceNetwork } from "./network.ts";
import type { ClientOptions, WebSocketConstructor } from "./options.ts";
import { Outbox, type OutboxEntry, type PostAnswer } from "./outbox.ts";
import { PeerTyping } from "./peer-typing.ts";
import { Profiles } from "./profiles.ts";
import { ReadMarkers } from "./read-markers.ts";
import { type ConversationRow, Rows } from "./rows.ts";
import { ServerClock } from "./server-clock.ts";
import { isMessage, toMessage } from "./server-frame.ts";
import { Session, type Status } from "./session.ts";
import { type AccountStorage, memoryStorage, type Storage } from "./storage.ts";
import { TokenSource } from "./token-source.ts";
import { signal, Waiting } from "./waiting.ts";
import { deviceWorld, type World } from "./world.ts";

/** Puts the parts of a client together: what comes from the server goes to whom it concerns. */
export class DuetClient implements Client {
  readonly #url: string;
  readonly #world: World;
  readonly #storage: Storage;
  readonly #api: Api;
  readonly #session: Session;
  readonly #waiting: Waiting;
  readonly #outbox: Outbox;
  readonly #profiles: Profiles;
  readonly #readMarkers: ReadMarkers;
  readonly #typing: PeerTyping;
  readonly #emitter = new Emitter<ClientEvents>((error) => this.#onError(error));
  readonly #emitRows = batched(() => {
    if (this.#emitter.has("rows")) this.#emitter.emit("rows", this.conversations);
  });
  readonly #conversations = new Map<string, LiveConversation>();
  readonly #feeds = new Set<MessageFeed>();
  /** Who is signed in, once that is known, and what is known of their conversations. */
  #username = "";
  readonly #rows = new Rows({
    username: () => this.#username,
    profile: (username) => this.#profiles.get(username),
  });
  #list: readonly ConversationRow[] | undefined;
  /** What is kept for the user, and what an earlier client has left in it. */
  readonly #account = signal<{ kept: AccountStorage; left: OutboxEntry[] }>();
  /** The outbox has what an earlier process left. */
  readonly #outboxReady = signal<void>();
  /** The server has said who the token is of. */
  readonly #confirmed = signal<void>();
  readonly #synced = signal<void>();
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    const {
      url,
      token,
      username = "",
      storage = memoryStorage(),
      network = deviceNetwork,
      world = deviceWorld,
    } = options;
    const scope = globalThis as { fetch?: Fetch; WebSocket?: WebSocketConstructor };
    const { fetch = scope.fetch?.bind(globalThis), WebSocket = scope.WebSocket } = options;
    if (fetch === undefined || WebSocket === undefined)
      throw new TypeError("There is no global fetch or WebSocket here: hand them in as options.");
    // No slash at its end, and not relative.
    this.#url = new URL(url).href.replace(/\/+$/, "");
    const { socketUrl = `${this.#url.replace(/^http/, "ws")}/ws` } = options;
    this.#world = world;
    this.#storage = storage;
    const clock = new ServerClock(world.nowMs);
    const tokens = new TokenSource({ world, clock, getToken: token });
    const onError = (error: DuetError) => this.#onError(error);
    const onSignedOut = (error: DuetError) => {
      if (this.status !== "signed-out") this.#onError(error);
      this.#session.dispatch({ type: "signed-out" });
    };
    this.#api = new Api({ url: this.#url, fetch, tokens, world, onSignedOut });
    this.#waiting = new Waiting(world);
    const api = this.#api;
    const wait = (ms: number) => this.#waiting.wait(ms);
    this.#profiles = new Profiles({
      api,
      onProfile: (profile) => this.#onProfile(profile),
      onRow: (row) => this.#onRow(row),
    });
    this.#readMarkers = new ReadMarkers({
      api,
      world,
      wait,
      onError,
      onRead: (peer, seq) => this.#read({ peer, reader: this.#username, seq }),
    });
    this.#typing = new PeerTyping(world, (change) => {
      this.#conversations.get(change.peer)?.changed();
      this.#emitter.emit("typing", change);
    });
    this.#outbox = new Outbox({
      clock,
      wait,
      random: world.random,
      newId: newMessageId,
      store: {
        load: async () => (await this.#account.promise).left,
        put: async (entry) => (await this.#account.promise).kept.outbox.put(entry),
        remove: async (order) => (await this.#account.promise).kept.outbox.remove(order),
      },
      post: (entry) => this.#post(entry),
      onStored: (message, entry) => {
        this.#take(message);
        this.#conversations.get(entry.peer)?.stored(message, entry);
      },
      onRefused: (entry) => this.#conversations.get(entry.peer)?.refused(entry),
      onChange: (peer) => this.#conversations.get(peer)?.outboxChanged(),
      onHeld: (peer, held) => this.#conversations.get(peer)?.hold(held),
    });
    this.#session = new Session({
      world,
      network,
      tokens,
      serverNowMs: () => clock.nowMs(),
      openSocket: (accessToken) => new WebSocket(socketUrl, ["duet.v1", `bearer.${accessToken}`]),
      check: () => this.#check(),
      onStatus: (status) => this.#onStatus(status),
      onFrame: (frame) => {
        if (frame.type === "synced") clock.learn(frame.serverTime);
        this.#onFrame(frame);
      },
      onSynced: () => this.#onSynced(),
      // What else is under way has died with the socket, most likely, and is asked again.
      onDead: () => api.abort(),
      onError: (error) => onError(toDuetError(error)),
    });
    if (username !== "") this.#begin(username);
    this.#session.dispatch({ type: "start" });
    if (!network.isOnline()) this.#session.dispatch({ type: "network", isOnline: false });
  }

  get status(): Status {
    return this.#session.status;
  }

  get retryAtMs(): number | undefined {
    return this.#session.retryAtMs;
  }

  get me(): Profile | undefined {
    return this.#profiles.get(this.#username);
  }

  get conversations(): readonly ConversationRow[] {
    this.#list ??= this.#rows
      .all()
      .sort((a, b) => compare(b.last?.createdAt ?? "", a.last?.createdAt ?? "") || compare(a.peer, b.peer));
    return this.#list;
  }

  get unread(): number {
    return this.#rows.all().reduce((sum, row) => sum + row.unread, 0);
  }

  get unsent(): number {
    return this.#outbox.entries.length;
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (payload: ClientEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  conversation(name: string): Conversation {
    const peer = name.normalize("NFC");
    if (!isUsername(peer)) throw new DuetError("invalid_username", `This is not a username: ${JSON.stringify(name)}.`);
    const there = this.#conversations.get(peer);
    if (there !== undefined) return there;
    const conversation = new LiveConversation(peer, {
      world: this.#world,
      api: this.#api,
      outbox: this.#outbox,
      ready: this.#outboxReady.promise,
      username: () => this.#username,
      row: (each) => this.#rows.get(each),
      profile: (each) => this.#profiles.get(each),
      isTyping: (each) => this.#typing.has(each),
      fetched: (joined) => this.#fetched(joined),
      markRead: (each, seq) => this.#markRead(each, seq),
      setBlocked: (each, isBlocked) => {
        this.#changed(this.#rows.block(each, isBlocked));
        // The row as the server has it, so that no earlier answer undoes this.
        this.#session.dispatch({ type: "sync" });
      },
      sendFrame: (frame) => this.#session.send(frame),
      wait: (ms) => this.#waiting.wait(ms),
      onError: (error) => this.#onError(error),
    });
    this.#conversations.set(peer, conversation);
    if (this.#closing !== undefined) conversation.close();
    void this.#synced.promise.then(() => conversation.fetchMissing());
    return conversation;
  }

  messages({ own = false }: { own?: boolean } = {}): AsyncIterableIterator<Message> {
    const feed: MessageFeed = new MessageFeed(
      {
        api: this.#api,
        world: this.#world,
        username: () => this.#username,
        rows: () => this.#rows.all(),
        ready: this.#synced.promise.then(async () => (await this.#account.promise).kept.positions),
        wait: (ms) => this.#waiting.wait(ms),
        onError: (error) => this.#onError(error),
        onEnd: () => this.#feeds.delete(feed),
      },
      { own },
    );
    this.#feeds.add(feed);
    if (this.#closing !== undefined) feed.end();
    return feed;
  }

  user(username: string): Promise<Profile> {
    return this.#profiles.ask(username);
  }

  profile(username: string): Profile | undefined {
    return this.#profiles.get(username);
  }

  async setProfile({ displayName }: { displayName: string | null }): Promise<Profile> {
    return this.#profiles.learn(await this.#api.ask<Profile>("PUT", "me", { body: { displayName } }));
  }

  async setAvatar(image: Uint8Array<ArrayBuffer> | null): Promise<Profile> {
    // The server tells its kind by its bytes; what is no text goes through the gateway as it is.
    const headers = { "content-type": "application/octet-stream" };
    const asked =
      image === null
        ? this.#api.ask<Profile>("DELETE", "me/avatar")
        : this.#api.ask<Profile>("PUT", "me/avatar", { body: image, headers });
    return this.#profiles.learn(await asked);
  }

  sync(): void {
    this.#waiting.wake();
    this.#session.dispatch({ type: "sync" });
  }

  reconnect(): void {
    this.#session.dispatch({ type: "start" });
  }

  async signOutEverywhere(): Promise<{ closed: number }> {
    const answer = await this.#api.ask<{ closed: number }>("DELETE", "connections");
    this.#session.dispatch({ type: "signed-out" });
    return answer;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#session.close();
    this.#api.abort();
    this.#outbox.stop();
    this.#waiting.stop();
    for (const conversation of this.#conversations.values()) conversation.close();
    for (const feed of this.#feeds) feed.end();
    this.#typing.stop();
    if (this.#username !== "") await (await this.#account.promise).kept.close();
  }

  /** Who the token is of. The first time, that is who this client is of. */
  async #check(): Promise<void> {
    const me = await this.#api.ask<Profile>("GET", "me");
    // What is opened now, nobody would close.
    if (this.#closing !== undefined) throw new DuetError("closed", "The client was closed.");
    if (this.#username !== "" && me.username !== this.#username)
      throw new DuetError("wrong_user", `The token is of ${me.username}; this client is of ${this.#username}.`);
    if (this.#username === "") this.#begin(me.username);
    this.#profiles.learn(me);
    this.#confirmed.resolve();
  }

  #begin(username: string): void {
    this.#username = username;
    const open = async (storage: Storage) => {
      const kept = await storage.open({ url: this.#url, username });
      return { kept, left: await kept.outbox.load() };
    };
    this.#account.resolve(
      open(this.#storage).catch((error: unknown) => {
        this.#onError(toDuetError(error, "storage_failed"));
        return open(memoryStorage());
      }),
    );
    void this.#outbox.start().then(() => {
      this.#outboxReady.resolve();
      for (const conversation of this.#conversations.values()) conversation.outboxChanged();
    });
  }

  async #post({ id, peer, text }: Pick<OutboxEntry, "id" | "peer" | "text">): Promise<PostAnswer> {
    await this.#confirmed.promise;
    const { connectionId } = this.#session;
    const answer = await this.#api
      .call("POST", messagesPath(peer), {
        body: { id, text },
        headers: connectionId === undefined ? {} : { "duet-connection": connectionId },
      })
      .catch((error: unknown) => {
        // It may be the network, and then the socket is dead too.
        this.#session.dispatch({ type: "doubt" });
        throw error;
      });
    const { message } = (answer.body ?? {}) as { message?: unknown };
    if (answer.status < 300 && !(isMessage(message) && message.id === id))
      throw new DuetError("no_answer", "The answer is not that of Duet.");
    return answer;
  }

  #onStatus(status: Status): void {
    if (this.#closing === undefined) this.#waiting.hold(status === "signed-out");
    if (status === "online") this.#waiting.wake();
    this.#emitter.emit("status", status);
  }

  #onFrame(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        this.#onMessage(frame);
        break;
      case "read":
        this.#read(frame);
        break;
      case "typing":
        this.#typing.sign(frame.peer);
        break;
      case "profile":
        this.#profiles.learn(frame);
        break;
      case "synced":
        for (const row of frame.rows) this.#onRow(row);
    }
  }

  #onMessage(frame: MessageFrame): void {
    const { sender, senderName, senderAvatar } = frame;
    this.#profiles.learn({ username: sender, displayName: senderName, avatar: senderAvatar });
    this.#take(frame);
  }

  /** A message, from wherever it comes. */
  #take(given: Message): void {
    const message = toMessage(given);
    const row = this.#rows.message(message);
    const { peer } = row;
    this.#conversations.get(peer)?.take(message);
    for (const feed of this.#feeds) feed.take(peer, message);
    this.#changed(row);
    if (message.sender === this.#username) this.#confirm(message);
    else this.#typing.message(peer);
    if (row.profile === undefined) this.#fillProfiles();
  }

  #onRow(row: Row): void {
    const { peer, lastSeq } = this.#rows.merge(row);
    this.#conversations.get(peer)?.reach(lastSeq);
    for (const feed of this.#feeds) feed.reach(peer, lastSeq);
    this.#changed(row);
  }

  #read(read: Pick<ReadFrame, "peer" | "reader" | "seq">): void {
    this.#changed(this.#rows.read(read));
  }

  #markRead(peer: string, seq: number): void {
    if (seq <= (this.#rows.get(peer)?.readSeq ?? 0)) return;
    this.#read({ peer, reader: this.#username, seq });
    this.#readMarkers.raise(peer, seq);
  }

  #fetched(joined: Message[]): void {
    for (const message of joined) if (message.sender === this.#username) this.#confirm(message);
  }

  /** A message of the user's is in the log: if an attempt to send it was refused, it was not the one that stored it. */
  #confirm(message: Message): void {
    this.#outbox.confirm(message).catch((error: unknown) => this.#onError(toDuetError(error, "storage_failed")));
  }

  #onSynced(): void {
    this.#synced.resolve();
    for (const conversation of this.#conversations.values()) conversation.fetchMissing();
    this.#fillProfiles();
  }

  #fillProfiles(): void {
    // What fails is made up for with the next sync.
    this.#profiles.fill(this.#rows.all().map(({ peer }) => peer)).catch(() => undefined);
  }

  #onProfile(profile: Profile): void {
    this.#rows.profileChanged(profile.username);
    this.#changed({ peer: profile.username });
    this.#emitter.emit("profile", profile);
  }

  #changed({ peer }: Pick<Row, "peer">): void {
    this.#conversations.get(peer)?.changed();
    this.#list = undefined;
    this.#emitRows();
  }

  #onError(error: DuetError): void {
    if (this.#emitter.has("error")) this.#emitter.emit("error", error);
    else if (error.code === "listener_failed") console.error(error);
  }
}

/** Of texts: in code-unit order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
