/**
 * What the domain needs of the world. `store/` gives it on DynamoDB and API Gateway, the simulation in memory.
 * Every read is strongly consistent unless it says otherwise; every write is durable once its promise resolves.
 * A promise that rejects leaves open whether its write took place.
 */
import type { Message } from "../protocol/wire.ts";

/** A message as the log keeps it, with what the next append needs to know and would have to search for. */
export interface LogEntry {
  message: Message;
  /** The greatest id of the conversation up to this entry. An id above it is not in the log. */
  newestId: string;
  /** The senders' bursts as this entry left them: of its sender, and of its recipient if still running. */
  bursts: { sender: Burst; recipient?: Burst };
}

/** Messages of one sender in one conversation, counted from the first of a window of `BURST_WINDOW_MS`. */
export interface Burst {
  startedAtMs: number;
  messages: number;
}

/**
 * The end of a log. A fence is no message: it only occupies the next number, so that a send which read the log before
 * the fence was put collides with it. A send that knows the fence by its token may take the number from it.
 */
export interface Tail {
  /** The newest message. */
  last?: LogEntry;
  /** The token of the fence that stands behind it. */
  fence?: string;
}

export interface MessageLog {
  tail(conversation: string): Promise<Tail>;
  /** At most `limit` entries below `before`, newest first. Without `before`, the newest. */
  backward(options: { conversation: string; before?: number; limit: number }): Promise<LogEntry[]>;
  /** At most `limit` entries above `after`, oldest first. */
  forward(options: { conversation: string; after: number; limit: number }): Promise<LogEntry[]>;
  /** Stores the entry at its `seq`, unless that number is taken by anything but the fence that has the token `over`. */
  append(conversation: string, entry: LogEntry, over?: string): Promise<"appended" | "taken">;
  /** Puts a fence with that token at `seq`, on the same condition. */
  fence(conversation: string, fence: { seq: number; token: string; over?: string }): Promise<"fenced" | "taken">;
}

export interface User {
  username: string;
  displayName?: string;
  /** Another for each picture; absent where there is none. */
  avatarVersion?: string;
}

export interface Users {
  /** `mayBeStale` allows an eventually consistent read, at half the price. */
  get(username: string, options?: { mayBeStale: boolean }): Promise<User | undefined>;
  /** Keeps what is there. */
  create(username: string, nowMs: number): Promise<void>;
  /** Sets what is given, of a user that exists; null removes it. Answers the user as it is then. */
  change(username: string, change: { displayName?: string | null; avatarVersion?: string | null }): Promise<User>;
  /** Eventually consistent; in no order; those that are unknown, or that cannot be read just now, are left out. */
  getMany(usernames: string[]): Promise<User[]>;
  /**
   * Counts `peer` among those to whom the user has opened a conversation in a window of `windowMs`, unless `max` others
   * are counted already: then nothing is counted, and the answer is when the window ends. A repeat counts once.
   */
  countNewPeer(options: {
    username: string;
    peer: string;
    nowMs: number;
    windowMs: number;
    max: number;
  }): Promise<"counted" | { windowEndsAtMs: number }>;
}

/** How two users stand to each other. */
export interface Standing {
  /** Undefined when there is no such user yet. */
  sender: User | undefined;
  recipient: User | undefined;
  /** Whether the recipient has blocked the sender. */
  blocked: boolean;
}

export interface Standings {
  /**
   * All of it in one request: each costs a send some of its time, and of the function's. A user's name and picture may
   * be those of a moment ago, at half the price; that there is no such user, and the block, are strongly consistent.
   */
  read(options: { sender: string; recipient: string }): Promise<Standing>;
}

export interface Avatar {
  username: string;
  version: string;
  contentType: AvatarType;
  image: Uint8Array;
}

export type AvatarType = "image/png" | "image/jpeg" | "image/webp";

export interface Avatars {
  get(username: string): Promise<Avatar | undefined>;
  put(avatar: Avatar): Promise<void>;
  remove(username: string): Promise<void>;
}

/** A row as stored, of `username` about `peer`. */
export interface StoredRow {
  username: string;
  peer: string;
  lastSeq: number;
  last?: { sender: string; preview: string; createdAt: string };
  readSeq: number;
  peerReadSeq: number;
  blocked: boolean;
  changedAtMs: number;
}

export interface Conversations {
  get(options: { username: string; peer: string }): Promise<StoredRow | undefined>;
  /**
   * Raises `lastSeq` (with `last`) and the marker to `seq`, each only if it is lower; makes the row if there is none.
   * `marker` is `readSeq` in the sender's row and `peerReadSeq` in the recipient's: sending counts as reading.
   */
  advance(options: {
    username: string;
    peer: string;
    seq: number;
    last: { sender: string; preview: string; createdAt: string };
    marker: "readSeq" | "peerReadSeq";
    nowMs: number;
  }): Promise<void>;
  /** Raises the marker to `seq` if it is lower; makes the row if there is none. */
  raiseMarker(options: {
    username: string;
    peer: string;
    seq: number;
    marker: "readSeq" | "peerReadSeq";
    nowMs: number;
  }): Promise<void>;
  /** Makes the row if there is none. */
  setBlocked(options: { username: string; peer: string; blocked: boolean; nowMs: number }): Promise<void>;
  /**
   * Rows of `username` changed at `changedSinceMs` or later, by rising peer, from behind `afterPeer` on.
   * At most `limit` rows are looked at, changed or not, so that a page may be empty although more follow;
   * `nextAfterPeer` is absent on the last.
   */
  page(options: {
    username: string;
    changedSinceMs: number;
    afterPeer?: string;
    limit: number;
  }): Promise<{ rows: StoredRow[]; nextAfterPeer?: string }>;
}

export interface Connection {
  username: string;
  connectionId: string;
  connectedAtMs: number;
  /** Seconds since the epoch, after which the record no longer counts. */
  expiresAtSeconds: number;
  userAgent?: string;
}

export interface Connections {
  put(connection: Connection): Promise<void>;
  /** Whether there is a record, expired or not. */
  has(options: { username: string; connectionId: string }): Promise<boolean>;
  remove(options: { username: string; connectionId: string }): Promise<void>;
  /** The connections of `username` that have not expired. */
  live(options: { username: string; nowMs: number }): Promise<Connection[]>;
}

export interface Push {
  /** Posts one frame to one connection, retrying passing faults within a bound. Never rejects. */
  post(options: { connectionId: string; frame: string }): Promise<"delivered" | "gone" | "failed">;
}

export interface Closer {
  /** Closes one connection, retrying passing faults within a bound. Never rejects. */
  close(connectionId: string): Promise<"closed" | "gone" | "failed">;
}

/** Time and chance, passed in so that a test can hold them still. */
export interface World {
  nowMs(): number;
  /** 0 ≤ x < 1 */
  random(): number;
  sleep(ms: number): Promise<void>;
  /** A new UUIDv7, of now. */
  newId(): string;
}
