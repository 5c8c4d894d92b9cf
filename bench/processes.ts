import { readdirSync, readFileSync } from "node:fs";

/** Of `utime` and `stime` in /proc/PID/stat, a hundred a second on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export interface ProcessUse {
  pid: number;
  /** `gateway` for the process asked for, a function's name, or the command. */
  name: string;
  cpuMs: number;
  residentBytes: number;
}

/** What a process and all that it has started have used so far. Linux only: it reads /proc. */
export function processTree(root: number): ProcessUse[] {
  const children = new Map<number, number[]>();
  const stats = new Map<number, string[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const text = read(`/proc/${entry}/stat`);
    // The second field is the command in parentheses, which may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const pid = Number(entry);
    const parent = Number(fields[1]);
    stats.set(pid, fields);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const pids = [root];
  for (const pid of pids) pids.push(...(children.get(pid) ?? []));
  return pids.flatMap((pid) => {
    const fields = stats.get(pid);
    if (fields === undefined) return [];
    const cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
    const name = pid === root ? "gateway" : nameOf(pid);
    return [{ pid, name, cpuMs, residentBytes: Number(fields[21]) * PAGE_BYTES }];
  });
}

function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`).split("\0", 1)[0]?.split("/").at(-1) ?? String(pid);
  // The shell that ties a process to the runtime's life.
  if (command === "sh") return command;
  const [, functionName] = /(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=([^\0]*)/.exec(read(`/proc/${pid}/environ`)) ?? [];
  return functionName ?? command;
}

/** Empty for a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
