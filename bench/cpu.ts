import type { System } from "./system.ts";

/** Less than this for each operation is not worth a column. */
const WORTH_MS = 0.05;

/**
 * Notes the processor that the system's processes and this one use from now on; the function that it answers says how
 * much that was for each of `count` operations, in ms, by name; the bench itself is `load`.
 */
export function watchCpu(system: System): (count: number) => Record<string, number> {
  const before = new Map(system.processes().map(({ pid, cpuMs }) => [pid, cpuMs]));
  const load = process.cpuUsage();
  return (count) => {
    const sums: Record<string, number> = {};
    const add = (name: string, ms: number) => {
      sums[name] = (sums[name] ?? 0) + ms / Math.max(1, count);
    };
    for (const { pid, name, cpuMs } of system.processes()) add(name, cpuMs - (before.get(pid) ?? 0));
    const { user, system: kernel } = process.cpuUsage(load);
    add("load", (user + kernel) / 1000);
    return Object.fromEntries(Object.entries(sums).filter(([, ms]) => ms >= WORTH_MS));
  };
}
