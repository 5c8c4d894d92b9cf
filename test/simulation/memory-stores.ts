import type {
  Avatar,
  Avatars,
  Connection,
  Connections,
  Conversations,
  LogEntry,
  MessageLog,
  Standings,
  StoredRow,
  User,
  Users,
} from "../../functions/domain/ports.ts";

interface Clock {
  nowMs(): number;
  /** How old an eventually consistent reading is. */
  lagMs(): number;
}

/**
 * All that Duet stores, in memory, for the simulation alone; it passes the same contract as DynamoDB. A reading that
 * need not be consistent may give what was there some time before.
 */
export function memoryStores(clock: Clock = { nowMs: () => 0, lagMs: () => 0 }) {
  const users = memoryUsers(new Items(clock));
  const conversations = memoryConversations(new Items(clock));
  return {
    users,
    standings: memoryStandings(users, conversations),
    avatars: memoryAvatars(new Items(clock)),
    connections: memoryConnections(new Items(clock)),
    conversations,
    log: memoryLog(new Items(clock)),
  };
}

type Consistency = "consistent" | "eventual";

/** The items of a table by partition and sort key, each with all that it ever was. */
class Items<Item> {
  readonly #partitions = new Map<string, Map<string | number, { atMs: number; item: Item | undefined }[]>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(partition: string, sort: string | number, item: Item | undefined): void {
    const items = this.#partitions.get(partition) ?? new Map();
    this.#partitions.set(partition, items);
    const versions = items.get(sort) ?? [];
    items.set(sort, versions);
    versions.push({ atMs: this.#clock.nowMs(), item: freeze(item) });
  }

  get(partition: string, sort: string | number, consistency: Consistency): Item | undefined {
    const versions = this.#partitions.get(partition)?.get(sort);
    return versions === undefined ? undefined : this.#read(versions, consistency);
  }

  /** In rising order of the sort key: numbers by value, strings by their UTF-8 bytes, as DynamoDB has it. */
  query(partition: string, consistency: Consistency): Item[] {
    const items = [...(this.#partitions.get(partition) ?? [])].flatMap(([sort, versions]) => {
      const item = this.#read(versions, consistency);
      return item === undefined ? [] : [{ sort, item }];
    });
    const compare = (a: string | number, b: string | number) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
    return items.sort((a, b) => compare(a.sort, b.sort)).map(({ item }) => item);
  }

  #read(versions: { atMs: number; item: Item | undefined }[], consistency: Consistency): Item | undefined {
    if (consistency === "consistent") return versions.at(-1)?.item;
    const asOfMs = this.#clock.nowMs() - this.#clock.lagMs();
    return versions.findLast(({ atMs }) => atMs <= asOfMs)?.item;
  }
}

/** Whoever has an item may not change what is stored. A picture's bytes cannot be frozen, and nobody writes into them. */
function freeze<Item>(item: Item): Item {
  if (typeof item !== "object" || item === null || item instanceof Uint8Array) return item;
  for (const value of Object.values(item)) freeze(value);
  return Object.freeze(item);
}

type LogItem = LogEntry | { fence: string; seq: number };

function memoryStandings(users: Users, conversations: Conversations): Standings {
  return {
    async read({ sender, recipient }) {
      const row = await conversations.get({ username: recipient, peer: sender });
      const user = async (name: string) => (await users.get(name, { mayBeStale: true })) ?? (await users.get(name));
      return {
        sender: await user(sender),
        recipient: await user(recipient),
        blocked: row?.blocked ?? false,
      };
    },
  };
}

function memoryLog(items: Items<LogItem>): MessageLog {
  const messages = (conversation: string) =>
    items.query(conversation, "consistent").flatMap((item) => ("fence" in item ? [] : [item]));
  /** Puts the item where nothing is, or the fence with the token `over`. */
  const put = (conversation: string, seq: number, item: LogItem, over: string | undefined) => {
    const there = items.get(conversation, seq, "consistent");
    if (there !== undefined && !("fence" in there && there.fence === over)) return false;
    items.put(conversation, seq, item);
    return true;
  };
  return {
    async tail(conversation) {
      const [newest, before] = items.query(conversation, "consistent").reverse();
      if (newest === undefined) return {};
      if (!("fence" in newest)) return { last: newest };
      return { fence: newest.fence, ...(before === undefined || "fence" in before ? {} : { last: before }) };
    },
    async backward({ conversation, before = Number.POSITIVE_INFINITY, limit }) {
      const below = messages(conversation).filter(({ message }) => message.seq < before);
      return below.slice(-limit).reverse();
    },
    async forward({ conversation, after, limit }) {
      return messages(conversation)
        .filter(({ message }) => message.seq > after)
        .slice(0, limit);
    },
    async append(conversation, entry, over) {
      return put(conversation, entry.message.seq, entry, over) ? "appended" : "taken";
    },
    async fence(conversation, { seq, token, over }) {
      return put(conversation, seq, { fence: token, seq }, over) ? "fenced" : "taken";
    },
  };
}

type UserItem = User & { newPeersSinceMs?: number; newPeers?: string[] };

function memoryUsers(items: Items<UserItem>): Users {
  const toUser = ({ newPeersSinceMs: _since, newPeers: _peers, ...user }: UserItem): User => user;
  return {
    async get(username, { mayBeStale } = { mayBeStale: false }) {
      const item = items.get(username, "", mayBeStale ? "eventual" : "consistent");
      return item === undefined ? undefined : toUser(item);
    },
    async create(username) {
      if (items.get(username, "", "consistent") === undefined) items.put(username, "", { username });
    },
    async change(username, change) {
      const changed = { ...items.get(username, "", "consistent"), username, ...change };
      const kept = Object.fromEntries(
        Object.entries(changed).filter(([, value]) => value != null),
      ) as unknown as UserItem;
      items.put(username, "", kept);
      return toUser(kept);
    },
    async getMany(usernames) {
      return usernames.flatMap((username) => {
        const item = items.get(username, "", "eventual");
        return item === undefined ? [] : [toUser(item)];
      });
    },
    async countNewPeer({ username, peer, nowMs, windowMs, max }) {
      const item = items.get(username, "", "consistent") ?? { username };
      const sinceMs = item.newPeersSinceMs ?? Number.NEGATIVE_INFINITY;
      const isRunning = sinceMs > nowMs - windowMs;
      const peers = isRunning ? (item.newPeers ?? []) : [];
      if (peers.length >= max && !peers.includes(peer)) return { windowEndsAtMs: sinceMs + windowMs };
      items.put(username, "", {
        ...item,
        newPeers: [...new Set([...peers, peer])],
        newPeersSinceMs: isRunning ? sinceMs : nowMs,
      });
      return "counted";
    },
  };
}

function memoryAvatars(items: Items<Avatar>): Avatars {
  return {
    get: async (username) => items.get(username, "", "consistent"),
    put: async (avatar) => items.put(avatar.username, "", avatar),
    remove: async (username) => items.put(username, "", undefined),
  };
}

function memoryConversations(items: Items<StoredRow>): Conversations {
  const change = (username: string, peer: string, nowMs: number, change: (row: StoredRow) => Partial<StoredRow>) => {
    const none = { username, peer, lastSeq: 0, readSeq: 0, peerReadSeq: 0, blocked: false, changedAtMs: nowMs };
    const row = items.get(username, peer, "consistent") ?? none;
    const changes = change(row);
    if (Object.keys(changes).length > 0) items.put(username, peer, { ...row, ...changes, changedAtMs: nowMs });
  };
  return {
    get: async ({ username, peer }) => items.get(username, peer, "consistent"),
    async advance({ username, peer, seq, last, marker, nowMs }) {
      change(username, peer, nowMs, (row) => ({
        ...(row.lastSeq < seq ? { lastSeq: seq, last } : {}),
        ...(row[marker] < seq ? { [marker]: seq } : {}),
      }));
    },
    async raiseMarker({ username, peer, seq, marker, nowMs }) {
      change(username, peer, nowMs, (row) => (row[marker] < seq ? { [marker]: seq } : {}));
    },
    async setBlocked({ username, peer, blocked, nowMs }) {
      change(username, peer, nowMs, () => ({ blocked }));
    },
    async page({ username, changedSinceMs, afterPeer, limit }) {
      const rows = items.query(username, "consistent");
      const start = afterPeer === undefined ? 0 : rows.findIndex(({ peer }) => peer === afterPeer) + 1;
      const looked = rows.slice(start, start + limit);
      const next = start + limit < rows.length ? looked.at(-1)?.peer : undefined;
      return {
        rows: looked.filter(({ changedAtMs }) => changedAtMs >= changedSinceMs),
        ...(next === undefined ? {} : { nextAfterPeer: next }),
      };
    },
  };
}

function memoryConnections(items: Items<Connection>): Connections {
  return {
    put: async (connection) => items.put(connection.username, connection.connectionId, connection),
    has: async ({ username, connectionId }) => items.get(username, connectionId, "consistent") !== undefined,
    remove: async ({ username, connectionId }) => items.put(username, connectionId, undefined),
    async live({ username, nowMs }) {
      const nowSeconds = Math.floor(nowMs / 1000);
      return items.query(username, "consistent").filter(({ expiresAtSeconds }) => expiresAtSeconds > nowSeconds);
    },
  };
}
