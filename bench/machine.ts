import { cpus, loadavg, totalmem } from "node:os";
import { setTimeout } from "node:timers/promises";
import { cpuOfTreeAndOthers, nameOf, read, TICKS_PER_SECOND } from "./processes.ts";

export interface Machine {
  cores: number;
  model: string;
  memoryGigabytes: number;
  node: string;
  system: string;
}

export function machine(): Machine {
  const [cpu] = cpus();
  return {
    cores: cpus().length,
    model: cpu?.model ?? "unknown",
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
  };
}

/** What else the machine was doing. */
export interface Others {
  /** Processes that wait for a processor or run, on the average of the last minute. */
  loadAverage: number;
  /** Of all processors, from 0 to 1, used by what neither this command nor anything it started is. */
  share: number;
  /** The most greedy of them that were there all the time, each with its share. */
  most: { name: string; share: number }[];
}

/** Above this, figures are of two programs that share a machine. */
export const QUIET_SHARE_MAX = 0.05;

/** Notes what this machine's processors do from now on, until the function that it answers is called. Linux only. */
export function watchOthers(): () => Others {
  const began = snapshot();
  return () => {
    const now = snapshot();
    const allMs = now.totalMs - began.totalMs;
    const ownMs = now.treeMs - began.treeMs;
    const share = (ms: number) => (allMs > 0 ? Math.max(0, ms / allMs) : 0);
    const most = [...now.others]
      .map(([pid, cpuMs]) => ({ pid, share: share(cpuMs - (began.others.get(pid) ?? cpuMs)) }))
      .filter(({ share }) => share >= 0.01)
      .sort((a, b) => b.share - a.share)
      .slice(0, 3);
    return {
      loadAverage: loadavg()[0] ?? Number.NaN,
      share: share(now.busyMs - began.busyMs - ownMs),
      most: most.map(({ pid, share }) => ({ name: `${nameOf(pid).split(" ", 1)[0]} (${pid})`, share })),
    };
  };
}

/** What the machine does while this command does nothing. */
export async function othersFor(ms: number): Promise<Others> {
  const stop = watchOthers();
  await setTimeout(ms);
  return stop();
}

export function describeOthers({ loadAverage, share, most }: Others): string {
  const percent = (part: number) => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
  const who = most.map(({ name, share }) => `${name} ${percent(share)}`).join(", ");
  return `load ${loadAverage.toFixed(2)}, other programs ${percent(share)} of the processors${who && `: ${who}`}`;
}

/** Source of the first line's fields: proc(5): user nice system idle iowait irq softirq steal. */
function snapshot() {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = (
    read("/proc/stat").split("\n", 1)[0] ?? ""
  )
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => (Number(ticks) * 1000) / TICKS_PER_SECOND);
  const busyMs = user + nice + system + irq + softIrq + steal;
  return { busyMs, totalMs: busyMs + idle + wait, ...cpuOfTreeAndOthers(process.pid) };
}
