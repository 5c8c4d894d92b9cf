import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EVENTS, FAULTS } from "./faults.ts";

const RUN = fileURLToPath(new URL("run.ts", import.meta.url));
const SEEDS = 2000;
/** Each in a process of its own, side by side. */
const PARTS = 2;

async function run(from: number, seeds: number): Promise<{ code: number; output: string }> {
  const child = spawn("node", ["--import", "tsx", RUN, String(from), String(seeds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, "close");
  return { code: code as number, output };
}

test(`[A1] [A2] [A3] [A5] [R1] [R3] [R5] [W1] [W2] [P1] [P2] [P5] [S1] [S2] [M1] [M2] [B1] hold in ${SEEDS} worlds that fail at every step`, {
  timeout: 300_000,
}, async () => {
  const size = SEEDS / PARTS;
  const runs = await Promise.all(Array.from({ length: PARTS }, (_, part) => run(1 + part * size, size)));
  for (const { output, code } of runs) expect(code, output).toBe(0);
  const counts = new Map<string, number>();
  for (const { output } of runs)
    for (const [, count = "", what = ""] of output.matchAll(/^(\d+)\t(.+)$/gm))
      counts.set(what, (counts.get(what) ?? 0) + Number(count));
  // A world in which nothing fails proves nothing.
  expect([...FAULTS, ...EVENTS].filter((what) => (counts.get(what) ?? 0) < 10)).toEqual([]);
});
