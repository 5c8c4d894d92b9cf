import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { fileURLToPath } from "node:url";
import { acceptSockets } from "./accept-sockets.ts";
import { catchUp } from "./catch-up.ts";
import { longList } from "./long-list.ts";
import { machine, othersFor, watchOthers } from "./machine.ts";
import { command, UsageError, whole } from "./options.ts";
import { openPairs, type Pair } from "./pairs.ts";
import { plot } from "./plot.ts";
import { progress, progressDone } from "./progress.ts";
import { report } from "./report.ts";
import { faultsOf, type Result, type Run } from "./results.ts";
import { sendAtRate, sendInTurn } from "./sends.ts";
import { type System, startSystem } from "./system.ts";

const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

/** Enough that no pair's log is raced for by its own sends at 200 a second. */
const PAIRS = 50;
const BEFORE_MS = 3_000;

interface World {
  system: System;
  agent: Agent;
  pairs: Pair[];
  seconds: number;
}

/** By name, in the order in which they run. */
const MEASURES: Record<string, (world: World) => Promise<Result | Result[]>> = {
  ...Object.fromEntries(
    [20, 50, 100, 200].map((rate) => [
      `rate-${rate}`,
      ({ system, ...of }: World) => sendAtRate(system, { ...of, rate }),
    ]),
  ),
  ...Object.fromEntries(
    [1, 8, 32].map((senders) => [
      `senders-${senders}`,
      ({ system, ...of }: World) => sendInTurn(system, { ...of, senders }),
    ]),
  ),
  sockets: ({ system, seconds }) => acceptSockets(system, { seconds, max: Math.min(3000, 300 * seconds) }),
  "catch-up": ({ system, agent }) => catchUp(system, { agent, count: 1000, times: 5 }),
  list: ({ system, agent }) => longList(system, { agent, count: 1000, times: 5 }),
};

const HELP = `npm run bench -- [options]

Starts Duet in memory, in a process of its own on a free port, without limits per sender, and measures it from outside,
by HTTP, WebSockets and the client library. Prints tables, and writes JSON and a plot to bench/results/.
Ends with 1 when anything was lost, doubled or out of order.

  --only NAME    one of ${Object.keys(MEASURES).join(", ")};
                 or the first part of some: rate, senders. May be given more than once. Default all
  --seconds N    for each rate and each number of senders, 1 to 600. Default 20
  --warm N       seconds of the same before each of these, which do not count, 0 to 600: a function's environment that has
                 just been started takes twice the processor for its first hundreds of sends. Default 20
  --dynamodb W   as for npm start
  --help
`;

await command(
  HELP,
  {
    only: { type: "string", multiple: true, default: [] },
    seconds: { type: "string", default: "20" },
    warm: { type: "string", default: "20" },
    dynamodb: { type: "string", default: "auto" },
  },
  async (values) => {
    const seconds = whole(values, "seconds", { min: 1, max: 600 });
    const warmSeconds = whole(values, "warm", { min: 0, max: 600 });
    const names = chosen(values.only as unknown as string[]);
    progress("looking at what else the machine does");
    const about = {
      beganAt: new Date().toISOString(),
      commit: commit(),
      machine: machine(),
      before: await othersFor(BEFORE_MS),
      seconds,
    };
    progress("starting Duet");
    const system = await startSystem(["--dynamodb", String(values.dynamodb)]);
    const agent = new Agent({ keepAlive: true });
    try {
      const run: Run = { ...about, results: await measure(names, { system, agent, seconds, warmSeconds }) };
      progressDone();
      process.stdout.write(`${report(run)}${save(run, names.length === Object.keys(MEASURES).length)}\n`);
      if (faultsOf(run) > 0) process.exitCode = 1;
    } finally {
      agent.destroy();
      await system.close();
    }
  },
);

async function measure(
  names: readonly string[],
  { warmSeconds, ...of }: Omit<World, "pairs"> & { warmSeconds: number },
): Promise<Run["results"]> {
  const { system, agent } = of;
  const isOfSends = (name: string) => /^(rate|senders)-/.test(name);
  const sends = names.some(isOfSends);
  progress("opening sockets");
  const pairs = sends ? await openPairs(system, { agent, kind: "pair", count: PAIRS }) : [];
  const results: Run["results"] = [];
  for (const name of names) {
    if (isOfSends(name) && warmSeconds > 0) {
      progress(`warm for ${name}`);
      await MEASURES[name]?.({ ...of, seconds: warmSeconds, pairs });
    }
    progress(name);
    const stop = watchOthers();
    const measured = await MEASURES[name]?.({ ...of, pairs });
    const others = stop();
    for (const result of [measured ?? []].flat()) results.push({ ...result, others });
  }
  for (const pair of pairs) pair.close();
  return results;
}

function chosen(only: readonly string[]): string[] {
  const names = Object.keys(MEASURES);
  for (const given of only)
    if (!names.some((name) => isMeant(name, given)))
      throw new UsageError(`--only takes ${names.join(", ")}, or rate or senders; got ${JSON.stringify(given)}.`);
  return names.filter((name) => only.length === 0 || only.some((given) => isMeant(name, given)));
}

function isMeant(name: string, given: string): boolean {
  return name === given || (given !== "" && name.startsWith(`${given}-`));
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}

/** Writes what was found, by its time, and a whole run as the latest too; says where. */
function save(run: Run, isWhole: boolean): string {
  mkdirSync(RESULTS, { recursive: true });
  const name = run.beganAt.replace(/[:.]/g, "-");
  for (const file of [name, ...(isWhole ? ["latest"] : [])]) {
    writeFileSync(`${RESULTS}${file}.json`, `${JSON.stringify(run, null, 2)}\n`);
    writeFileSync(`${RESULTS}${file}.svg`, plot(run));
  }
  return `\nWritten: bench/results/${name}.json and .svg${isWhole ? ", and the same as latest" : ""}`;
}
