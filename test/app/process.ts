import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

const READY_MS_MAX = 120_000;
const GONE_MS_MAX = 15_000;

/** A port that nothing listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A command that runs in a process group of its own, as in a terminal, with all that it has printed so far. */
export function run(command: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(command, args, {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      for (const check of waiting) check();
    });
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    child,
    exited,
    output: () => output,
    /** Resolves when the output fits; rejects when the command ends before, or takes too long. */
    async printed(pattern: RegExp): Promise<string> {
      let check = () => {};
      const found = new Promise<void>((resolve) => {
        check = () => {
          if (pattern.test(output)) resolve();
        };
        waiting.add(check);
        check();
      });
      const fail = async (why: Promise<string>) => {
        throw new Error(`${await why} before it printed ${pattern}:\n${output}`);
      };
      const timeout = AbortSignal.timeout(READY_MS_MAX);
      const late = once(timeout, "abort").then(() => "The command took too long");
      try {
        await Promise.race([found, fail(exited.then((how) => `The command ended with ${how}`)), fail(late)]);
      } finally {
        waiting.delete(check);
      }
      return output;
    },
  };
}

/** The processes below a process, at any depth, and itself. */
export function descendants(root: ChildProcess): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [root.pid ?? 0];
  for (const parent of found) found.push(...pairs.filter(([, ppid]) => ppid === parent).map(([pid = 0]) => pid));
  return found;
}

/** The one among these processes whose command line has this word. */
export function processOf(word: string, pids: number[]): number {
  const table = execFileSync("ps", ["-o", "pid=,args=", "-p", pids.join(",")], { encoding: "utf8" });
  const [line, ...others] = table.split("\n").filter((each) => each.includes(word) && !each.includes("/bin/sh"));
  if (line === undefined || others.length > 0) throw new Error(`Not one process has ${word}:\n${table}`);
  return Number.parseInt(line, 10);
}

/** Resolves with those that are left when all have ended, or after `GONE_MS_MAX`. They are not our children to wait for. */
export async function left(pids: number[]): Promise<number[]> {
  const deadlineMs = Date.now() + GONE_MS_MAX;
  for (;;) {
    const alive = pids.filter(isAlive);
    if (alive.length === 0 || Date.now() > deadlineMs) return alive;
    await delay(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
