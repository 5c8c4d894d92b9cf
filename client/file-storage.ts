// biome-ignore-start lint/style/noRestrictedImports: the one part of the client that is for Node alone
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
// biome-ignore-end lint/style/noRestrictedImports: what follows is ours
import type { OutboxEntry } from "./outbox.ts";
import { type AccountStorage, raised, renumber, type Storage } from "./storage.ts";

/** Outboxes that clients of this process have open, by their folders' names. */
const openHere = new Set<string>();

/**
 * Keeps everything in files below `directory`, which is made if need be: one file for each message on its way, written
 * to the disk before `send` goes on. Only the user of this process can read them.
 *
 * Processes of one machine may share a directory. Each client has an outbox of its own; what one leaves is sent by the
 * next that opens, once its process is gone. Processes that do not see each other's ids, as in two containers, must
 * not share one.
 */
export function fileStorage({ directory }: { directory: string }): Storage {
  return {
    async open({ url, username }) {
      // A name may be longer, encoded, than a file's may be.
      const account = createHash("sha256")
        .update(JSON.stringify([url, username]))
        .digest("hex");
      const root = join(directory, account);
      const outboxes = join(root, "outbox");
      const name = `${process.pid}.${randomUUID()}`;
      await mkdir(join(outboxes, name), { recursive: true, mode: 0o700 });
      openHere.add(name);
      return openAccount({ root, outboxes, name });
    },
  };
}

function openAccount({ root, outboxes, name }: { root: string; outboxes: string; name: string }): AccountStorage {
  const fileOf = (order: number) => join(outboxes, name, `${String(order).padStart(15, "0")}.json`);
  const positionsFile = join(root, "positions.json");
  const positions = async () => (await readJson(positionsFile)) as Record<string, number> | undefined;
  let raising: Promise<void> = Promise.resolve();
  return {
    outbox: {
      async load() {
        const left: OutboxEntry[] = [];
        const taken: string[] = [];
        for (const other of (await readdir(outboxes)).sort()) {
          if (isInUse(other)) continue;
          // Of several processes that try this at once, one succeeds.
          const mine = `${process.pid}.${randomUUID()}`;
          openHere.add(mine);
          const isMine = await rename(join(outboxes, other), join(outboxes, mine)).then(
            () => true,
            () => false,
          );
          if (!isMine) continue;
          taken.push(mine);
          for (const file of (await readdir(join(outboxes, mine))).filter((each) => each.endsWith(".json")).sort())
            left.push((await readJson(join(outboxes, mine, file))) as OutboxEntry);
        }
        const entries = renumber(left.filter((entry) => entry !== undefined));
        for (const entry of entries) await writeJson(fileOf(entry.order), entry);
        for (const mine of taken) {
          await rm(join(outboxes, mine), { recursive: true });
          openHere.delete(mine);
        }
        return entries;
      },
      put: (entry) => writeJson(fileOf(entry.order), entry),
      remove: (order) => rm(fileOf(order), { force: true }),
    },
    positions: {
      load: positions,
      raise(given) {
        raising = raising
          .catch(() => undefined)
          .then(async () => writeJson(positionsFile, raised(await positions(), given)));
        return raising;
      },
    },
    async close() {
      openHere.delete(name);
    },
  };
}

/** Whether a client that lives has this outbox: one of this process, or of another that runs. */
function isInUse(name: string): boolean {
  const pid = Number(name.split(".")[0]);
  // In a container every process before this one may have had its number.
  if (pid === process.pid) return openHere.has(name);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

/** Nothing where there is no file, or one that is not whole: it was never said to be durable. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The whole file or, if the machine stops meanwhile, the one before. */
async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${randomUUID()}.draft`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(JSON.stringify(value));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
