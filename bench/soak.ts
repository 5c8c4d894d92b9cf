import { once } from "node:events";
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { startSystem } from "./system.ts";

const HELP = `node --import tsx bench/soak.ts [--minutes N]

Connects, sends, disconnects for N minutes (10), and says every half minute what the runtime has: memory of its main
process, open files, processes. Ends with 1 when the last third has more than the middle one.
`;
const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, help: { type: "boolean", default: false } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const minutes = Number(values.minutes);
const WORKERS = 4;
const SAMPLE_MS = 5_000;
const LINE_EVERY = 6;
/** Garbage collection makes memory swing by so much. */
const MEGABYTES_MORE_MAX = 15;
/** A connection may just be opening or closing. */
const FILES_MORE_MAX = 10;

const system = await startSystem();
const url = `${system.baseUrl.replace("http", "ws")}/ws`;
const endsAtMs = performance.now() + minutes * 60_000;
let rounds = 0;

async function work(index: number): Promise<void> {
  const [sender, recipient] = [`sender${index}`, `recipient${index}`];
  const [senderToken, recipientToken] = await system.tokens([sender, recipient]);
  while (performance.now() < endsAtMs) {
    const socket = new WebSocket(url, ["duet.v1", `bearer.${recipientToken}`]);
    await once(socket, "open");
    const pushed = once(socket, "message", { signal: AbortSignal.timeout(20_000) });
    const answer = await fetch(`${system.baseUrl}/api/conversations/${recipient}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${senderToken}`, "content-type": "application/json" },
      body: JSON.stringify({ text: `round ${rounds}` }),
    });
    if (answer.status !== 201) throw new Error(`A send was answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    await pushed;
    const closed = once(socket, "close");
    // Every third connection ends without a close frame.
    if (rounds % 3 === 0) socket.terminate();
    else socket.close();
    await closed;
    rounds += 1;
  }
}

interface Sample {
  megabytes: number;
  files: number;
  processes: number;
}

function sample(): Sample {
  const processes = system.processes();
  const [main] = processes;
  if (main === undefined) throw new Error("The system has ended");
  return {
    megabytes: main.residentBytes / 2 ** 20,
    files: readdirSync(`/proc/${main.pid}/fd`).length,
    processes: processes.length,
  };
}

const samples: Sample[] = [];
const sampler = setInterval(() => {
  const now = sample();
  samples.push(now);
  if (samples.length % LINE_EVERY !== 0) return;
  const seconds = Math.round((samples.length * SAMPLE_MS) / 1000);
  process.stdout.write(
    `${seconds} s: ${rounds} rounds, ${now.megabytes.toFixed(0)} MB, ${now.files} open files, ${now.processes} processes\n`,
  );
}, SAMPLE_MS);
await Promise.all(Array.from({ length: WORKERS }, (_, index) => work(index)));
clearInterval(sampler);
await system.close();

const third = Math.floor(samples.length / 3);
const mean = (of: keyof Sample, part: Sample[]) => part.reduce((sum, one) => sum + one[of], 0) / part.length;
const grown = (of: keyof Sample) => mean(of, samples.slice(-third)) - mean(of, samples.slice(third, -third));
const more = { megabytes: grown("megabytes"), files: grown("files"), processes: grown("processes") };
process.stdout.write(
  `${rounds} rounds. The last third against the middle one: ${more.megabytes.toFixed(1)} MB, ` +
    `${more.files.toFixed(1)} open files, ${more.processes.toFixed(1)} processes more\n`,
);
if (more.megabytes > MEGABYTES_MORE_MAX || more.files > FILES_MORE_MAX || more.processes > 2) process.exit(1);
