import type { OutboxEntry } from "./outbox.ts";
import { type AccountStorage, raised, renumber, type Storage } from "./storage.ts";

/** The parts of IndexedDB that are used. */
export interface IndexedDb {
  open(name: string, version: number): DbRequest<Db> & { onupgradeneeded: ((event: never) => void) | null };
}
interface DbRequest<T> {
  result: T;
  error: unknown;
  onsuccess: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}
interface Db {
  createObjectStore(name: string): unknown;
  transaction(names: string[], mode: "readwrite", options: { durability: "strict" }): DbTransaction;
  close(): void;
}
interface DbTransaction {
  objectStore(name: string): DbStore;
  oncomplete: ((event: never) => void) | null;
  onabort: ((event: never) => void) | null;
  error: unknown;
}
interface DbStore {
  get(key: string): DbRequest<unknown>;
  getAll(): DbRequest<unknown[]>;
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
}

/** The part of Web Locks that is used: a lock that is held by a tab is free when the tab is gone, however it went. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable: boolean },
    holding: (lock: object | null) => Promise<unknown>,
  ): Promise<unknown>;
}

const OUTBOX = "outbox";
const POSITIONS = "positions";

/** An entry, and the client that sends it. */
interface OwnedEntry {
  owner: string;
  entry: OutboxEntry;
}

/**
 * Keeps everything in the browser's IndexedDB, in a database for each user. Tabs of one user each have an outbox of
 * their own; what a tab leaves when it is gone is sent by the next that opens, and never by two.
 *
 * `open` rejects where the browser has no IndexedDB or no Web Locks (a page that came by plain HTTP has none), or does
 * not allow them: then the client goes on in memory, after an event `error` with the code `storage_failed`.
 */
export function indexedDbStorage(
  parts: { indexedDb?: IndexedDb | undefined; locks?: Locks | undefined } = deviceParts(),
): Storage {
  const { indexedDb, locks } = parts;
  return {
    async open({ url, username }) {
      if (indexedDb === undefined || locks === undefined) throw new Error("There is no IndexedDB, or no Web Locks");
      const name = `duet ${url} ${username}`;
      const opening = indexedDb.open(name, 1);
      opening.onupgradeneeded = () => {
        for (const store of [OUTBOX, POSITIONS]) opening.result.createObjectStore(store);
      };
      return openAccount({ db: await settled(opening), locks, name });
    },
  };
}

function deviceParts() {
  const { indexedDB, navigator } = globalThis as { indexedDB?: IndexedDb; navigator?: { locks?: Locks } };
  return { indexedDb: indexedDB, locks: navigator?.locks };
}

async function openAccount({ db, locks, name }: { db: Db; locks: Locks; name: string }): Promise<AccountStorage> {
  const owner = crypto.randomUUID();
  const lockOf = (each: string) => `${name} ${each}`;
  const key = (order: number) => `${owner} ${order}`;
  let release = () => {};
  await new Promise<void>((held, failed) => {
    const holding = () => {
      held();
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    locks.request(lockOf(owner), { ifAvailable: false }, holding).catch(failed);
  });

  /** Durable when it resolves, with what `work` answers. */
  const transact = <T>(store: string, work: (store: DbStore) => Promise<T>): Promise<T> => {
    const transaction = db.transaction([store], "readwrite", { durability: "strict" });
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB aborted a transaction"));
    });
    return Promise.all([work(transaction.objectStore(store)), done]).then(([result]) => result);
  };
  const allEntries = async (store: DbStore) => (await settled(store.getAll())) as OwnedEntry[];

  return {
    outbox: {
      async load() {
        const owners = new Set((await transact(OUTBOX, allEntries)).map((each) => each.owner));
        const gone: string[] = [];
        for (const other of owners)
          if (other === owner) gone.push(other);
          else await locks.request(lockOf(other), { ifAvailable: true }, async (lock) => lock && gone.push(other));
        // Whoever comes second finds nothing more: reading and taking over are one transaction.
        return transact(OUTBOX, async (store) => {
          const left = (await allEntries(store)).filter((each) => gone.includes(each.owner));
          left.sort((a, b) => (a.owner === b.owner ? a.entry.order - b.entry.order : a.owner < b.owner ? -1 : 1));
          for (const each of left) store.delete(`${each.owner} ${each.entry.order}`);
          const entries = renumber(left.map(({ entry }) => entry));
          for (const entry of entries) store.put({ owner, entry }, key(entry.order));
          return entries;
        });
      },
      put: (entry) => transact(OUTBOX, async (store) => void store.put({ owner, entry }, key(entry.order))),
      remove: (order) => transact(OUTBOX, async (store) => void store.delete(key(order))),
    },
    positions: {
      load: () =>
        transact(POSITIONS, async (store) => (await settled(store.get("all"))) as Record<string, number> | undefined),
      raise: (positions) =>
        transact(POSITIONS, async (store) => {
          const kept = (await settled(store.get("all"))) as Record<string, number> | undefined;
          store.put(raised(kept, positions), "all");
        }),
    },
    async close() {
      db.close();
      release();
    },
  };
}

function settled<T>(request: DbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
