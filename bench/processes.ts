import { readdirSync, readFileSync } from "node:fs";

/** Of `utime` and `stime` in /proc/PID/stat, a hundred a second on every Linux that Node.js runs on. */
export const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export interface ProcessUse {
  pid: number;
  /** `gateway` for the process asked for, a function's name, or the command. */
  name: string;
  cpuMs: number;
  residentBytes: number;
}

interface Stat {
  pid: number;
  parent: number;
  cpuMs: number;
  /** Of children that have ended and were waited for. */
  endedCpuMs: number;
  residentBytes: number;
}

/** What a process and all that it has started have used so far. Linux only: it reads /proc. */
export function processTree(root: number): ProcessUse[] {
  return tree(readStats(), root).map(({ pid, cpuMs, residentBytes }) => {
    const name = pid === root ? "gateway" : nameOf(pid);
    return { pid, name, cpuMs, residentBytes };
  });
}

/** Processor that a process and all its descendants have used, with those that have ended; and that of each other process. */
export function cpuOfTreeAndOthers(root: number): { treeMs: number; others: Map<number, number> } {
  const stats = readStats();
  const own = tree(stats, root);
  const pids = new Set(own.map(({ pid }) => pid));
  return {
    treeMs: own.reduce((sum, { cpuMs, endedCpuMs }) => sum + cpuMs + endedCpuMs, 0),
    others: new Map(stats.filter(({ pid }) => !pids.has(pid)).map(({ pid, cpuMs }) => [pid, cpuMs])),
  };
}

function tree(stats: Stat[], root: number): Stat[] {
  const children = new Map<number, Stat[]>();
  for (const stat of stats) children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat]);
  const found = stats.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function readStats(): Stat[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const text = read(`/proc/${entry}/stat`);
    // The second field is the command in parentheses, which may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ms = (from: number) => ((Number(fields[from]) + Number(fields[from + 1])) * 1000) / TICKS_PER_SECOND;
    if (fields.length < 22) return [];
    const [pid, parent, residentBytes] = [Number(entry), Number(fields[1]), Number(fields[21]) * PAGE_BYTES];
    return [{ pid, parent, cpuMs: ms(11), endedCpuMs: ms(13), residentBytes }];
  });
}

/** A function's name, or the command. */
export function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`).split("\0", 1)[0]?.split("/").at(-1) || read(`/proc/${pid}/comm`).trim();
  // The shell that ties a process to the runtime's life.
  if (command === "sh") return command;
  const [, functionName] = /(?:^|\0)AWS_LAMBDA_FUNCTION_NAME=([^\0]*)/.exec(read(`/proc/${pid}/environ`)) ?? [];
  return functionName ?? command;
}

/** Empty for a process that has ended meanwhile. */
export function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
