import type { OutboxEntry, OutboxStore } from "./outbox.ts";

/** Where what has to outlive the process is kept: messages on their way, and how far `messages()` has come. */
export interface Storage {
  /**
   * Opens what is kept for one user of one server. It is called once by each client, when it knows who is signed in.
   * Several clients may be open at once, as in two tabs.
   */
  open(account: { url: string; username: string }): Promise<AccountStorage>;
}

/** Every call resolves when it is durable. */
export interface AccountStorage {
  /**
   * The messages on their way of this client alone: `load` gives it those that clients before it have left, each to one
   * client only, and none of a client that still lives, which sends its own.
   */
  outbox: OutboxStore;
  positions: PositionStore;
  /** Gives what is left to the next client. */
  close(): Promise<void>;
}

/** How far `messages()` has come: the `seq` of the last message that was taken, by peer. Clients of one user share it. */
export interface PositionStore {
  /** Nothing until `raise` was called for the first time, even with nothing. */
  load(): Promise<Record<string, number> | undefined>;
  /** Each position becomes the higher of what is kept and what is given. */
  raise(positions: Record<string, number>): Promise<void>;
}

/**
 * Keeps everything in memory: it lasts from one client to the next that is given this same storage, and no longer than
 * the process. The default.
 */
export function memoryStorage(): Storage {
  const accounts = new Map<string, { left: OutboxEntry[]; positions: Record<string, number> | undefined }>();
  return {
    async open({ url, username }) {
      const key = JSON.stringify([url, username]);
      const account = accounts.get(key) ?? { left: [], positions: undefined };
      accounts.set(key, account);
      const entries = new Map<number, OutboxEntry>();
      return {
        outbox: {
          async load() {
            for (const entry of renumber(account.left.splice(0))) entries.set(entry.order, entry);
            return [...entries.values()];
          },
          put: async (entry) => void entries.set(entry.order, entry),
          remove: async (order) => void entries.delete(order),
        },
        positions: {
          load: async () => account.positions,
          raise: async (positions) => {
            account.positions = raised(account.positions, positions);
          },
        },
        close: async () => {
          account.left.push(...[...entries.values()].sort((a, b) => a.order - b.order));
          entries.clear();
        },
      };
    },
  };
}

/** Entries that earlier clients have left, in the order given, numbered anew; each id once. */
export function renumber(entries: OutboxEntry[]): OutboxEntry[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  return [...byId.values()].map((entry, index) => ({ ...entry, order: index + 1 }));
}

/** Each position the higher of both. */
export function raised(
  kept: Record<string, number> | undefined,
  given: Record<string, number>,
): Record<string, number> {
  // By a map: a user may be called __proto__.
  const all = new Map(Object.entries(kept ?? {}));
  for (const [peer, seq] of Object.entries(given)) all.set(peer, Math.max(all.get(peer) ?? 0, seq));
  return Object.fromEntries(all);
}
