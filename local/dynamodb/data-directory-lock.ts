import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { makePrivateDirectory } from "../private-directory.ts";

const LOCK_FILE = "lock";

/** A lock that its holder left behind is removed and tried again; a second loss means that another process was quicker. */
const ATTEMPTS_MAX = 3;

/** What this process holds: after a restart in a container the same id may be in a file that nobody holds any more. */
const held = new Set<string>();

/**
 * Takes a data directory for this process, by a file in it that holds the process id. A file whose process has ended
 * counts for nothing. Makes the directory if there is none.
 *
 * @returns a function that gives the directory back
 * @throws Error naming the process that has the directory
 */
export async function lockDataDirectory(directory: string): Promise<() => Promise<void>> {
  const file = resolve(directory, LOCK_FILE);
  const mine = `${file}.${process.pid}`;
  makePrivateDirectory(directory);
  await writeFile(mine, `${process.pid}\n`, { mode: 0o600 });
  try {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      if (await succeeds(link(mine, file), "EEXIST")) {
        held.add(file);
        return async () => {
          held.delete(file);
          await rm(file, { force: true });
        };
      }
      refuseHeld(file, await holderOf(file));
      // Moved away, not removed: another process may have taken the directory since its file was read.
      const stale = `${mine}.stale`;
      if (!(await succeeds(rename(file, stale), "ENOENT"))) continue;
      const holder = await holderOf(stale);
      if (isRunning(holder) && holder !== process.pid) await succeeds(link(stale, file), "EEXIST");
      await rm(stale, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
  throw new Error(`The data directory ${resolve(directory)} could not be locked in ${ATTEMPTS_MAX} attempts.`);
}

function refuseHeld(file: string, pid: number): void {
  if (pid === process.pid ? !held.has(file) : !isRunning(pid)) return;
  throw new Error(
    `The data directory ${dirname(file)} is in use by process ${pid}. End that process, use another ` +
      `directory, or, if it is something else that got the same id, remove ${file}.`,
  );
}

async function holderOf(file: string): Promise<number> {
  return Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
}

/** False where it failed with this code. */
async function succeeds(action: Promise<void>, code: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (hasCode(error, code)) return false;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not permitted means that there is such a process, of somebody else.
    return hasCode(error, "EPERM");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
