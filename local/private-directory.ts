import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a directory, with those above it that are missing, which only their owner may enter. What is there already
 * stays as it is, and so a repeat is safe.
 *
 * @throws Error naming the directory, and what stands in its way
 */
export function makePrivateDirectory(directory: string): void {
  try {
    makeBelow(resolve(directory));
  } catch (cause) {
    throw new Error(`The directory ${resolve(directory)} cannot be made: ${(cause as Error).message}`, { cause });
  }
}

/** Level by level, since below /proc the recursive `mkdir` of Node 20 never returns. */
function makeBelow(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (dirname(path) !== path) makeBelow(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
