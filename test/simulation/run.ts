/** `node --import tsx test/simulation/run.ts [from] [seeds]`: runs seeds one by one; prints the first that fails, and ends with 1. */
import { simulate } from "./simulate.ts";

const [from = 1, seeds = 100] = process.argv.slice(2).map(Number);
const startedAtMs = performance.now();
const counts = new Map<string, number>();
let messages = 0;
for (let seed = from; seed < from + seeds; seed++) {
  try {
    const report = await simulate(seed);
    messages += report.messages;
    for (const [what, count] of report.faults) counts.set(what, (counts.get(what) ?? 0) + count);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }
}
process.stdout.write(
  `${seeds} seeds from ${from}, ${messages} messages, ${Math.round(performance.now() - startedAtMs)} ms\n` +
    [...counts]
      .sort()
      .map(([what, count]) => `${count}\t${what}\n`)
      .join(""),
);
