import { once } from "node:events";
import { Agent, request } from "node:http";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { startSystem } from "./system.ts";

const HELP = `node --import tsx bench/send.ts [options]

Sends at a steady rate through the local system, each recipient with one open socket, and says how long it took.
The clock of a send begins when it should have begun, so that a stall is not hidden.

  --rate N       sends per second. Default 200
  --seconds N    how long. Default 60
  --pairs N      senders, each with a recipient of their own. Default 50
  --warm N       seconds before that at a third of the rate, which do not count. Default 30
  --dynamodb W   as for npm start
`;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "200" },
    seconds: { type: "string", default: "60" },
    pairs: { type: "string", default: "50" },
    warm: { type: "string", default: "30" },
    dynamodb: { type: "string", default: "auto" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const [rate, seconds, pairs, warmSeconds] = [values.rate, values.seconds, values.pairs, values.warm].map(Number) as [
  number,
  number,
  number,
  number,
];

const system = await startSystem(["--dynamodb", values.dynamodb]);
const agent = new Agent({ keepAlive: true });
const names = (kind: string) => Array.from({ length: pairs }, (_, index) => `${kind}${index}`);
const [senders, recipients] = [names("sender"), names("recipient")];
const senderTokens = await system.tokens(senders);
const recipientTokens = await system.tokens(recipients);

/** When each text should have been sent, by `performance.now()`; taken away once it has come. */
const expected = new Map<string, number>();
/** By text, the number that it has in the log. */
const seqs = new Map<string, number>();
const deliveries: number[] = [];
/** A message with two numbers. A push that comes twice, or after a later one, is none: clients put that right. */
let doubled = 0;
let repeated = 0;
let overtaken = 0;
const arrivals = new EventTarget();
const sockets: WebSocket[] = [];
for (const [index, token] of recipientTokens.entries()) {
  const socket = new WebSocket(`${system.baseUrl.replace("http", "ws")}/ws`, ["duet.v1", `bearer.${token}`]);
  await once(socket, "open");
  let lastSeq = 0;
  socket.on("message", (data) => {
    const { seq, text } = JSON.parse(data.toString()) as { seq: number; text: string };
    const known = seqs.get(text);
    if (known === seq) repeated += 1;
    else if (known !== undefined) doubled += 1;
    else if (seq < lastSeq) overtaken += 1;
    seqs.set(text, seq);
    lastSeq = Math.max(lastSeq, seq);
    const intendedAtMs = expected.get(text);
    if (intendedAtMs !== undefined) deliveries.push(performance.now() - intendedAtMs);
    expected.delete(text);
    arrivals.dispatchEvent(new Event("message"));
  });
  sockets.push(socket);
  await post(index, `hello ${index}`, performance.now());
}

function post(pair: number, text: string, intendedAtMs: number): Promise<{ status: number; body: string }> {
  expected.set(text, intendedAtMs);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${system.baseUrl}/api/conversations/${recipients[pair]}/messages`,
      {
        method: "POST",
        agent,
        headers: { authorization: `Bearer ${senderTokens[pair]}`, "content-type": "application/json" },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify({ text }));
  });
}

/** Sends at the rate, each at its own time, whatever has become of those before. */
async function load(
  name: string,
  { rate, forSeconds }: { rate: number; forSeconds: number },
): Promise<{ latencies: number[]; failures: string[] }> {
  const latencies: number[] = [];
  const failures: string[] = [];
  const under: Promise<void>[] = [];
  const count = Math.round(rate * forSeconds);
  const beganAtMs = performance.now();
  for (let index = 0; index < count; index++) {
    const intendedAtMs = beganAtMs + (index * 1000) / rate;
    const waitMs = intendedAtMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    under.push(
      post(index % pairs, `${name} ${index}`, intendedAtMs).then(
        ({ status, body }) => {
          latencies.push(performance.now() - intendedAtMs);
          if (status !== 201) failures.push(`${status} ${body}`);
        },
        (error: Error) => void failures.push(error.message),
      ),
    );
    if (process.stdout.isTTY) process.stdout.write(`\r${name} ${Math.floor(index / rate)} s `);
  }
  await Promise.all(under);
  return { latencies, failures };
}

const warm = await load("warm", { rate: rate / 3, forSeconds: warmSeconds });
const before = new Map(system.processes().map(({ pid, cpuMs }) => [pid, cpuMs]));
deliveries.length = 0;
const beganAtMs = performance.now();
const { latencies, failures } = await load("sent", { rate, forSeconds: seconds });
const tookMs = performance.now() - beganAtMs;
while (expected.size > 0)
  if (!(await once(arrivals, "message", { signal: AbortSignal.timeout(5000) }).catch(() => false))) break;

const count = rate * seconds;
const quantiles = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)}`;
};
process.stdout.write(
  `\r${count} sends meant for ${seconds} s took ${(tookMs / 1000).toFixed(1)} s: ${((count * 1000) / tookMs).toFixed(0)}/s; ` +
    `${failures.length} failed, ${expected.size} lost, ${doubled} doubled; ` +
    `pushes: ${repeated} repeated, ${overtaken} overtaken ` +
    `(${warm.failures.length} failed while warming up)\n` +
    `answer    ${quantiles(latencies)}\ndelivery  ${quantiles(deliveries)}\n`,
);
for (const failure of new Set(failures.slice(0, 5))) process.stdout.write(`  ${failure}\n`);
const use = new Map<string, { cpuMs: number; residentBytes: number; processes: number }>();
for (const { pid, name, cpuMs, residentBytes } of system.processes()) {
  const sum = use.get(name) ?? { cpuMs: 0, residentBytes: 0, processes: 0 };
  sum.cpuMs += cpuMs - (before.get(pid) ?? 0);
  sum.residentBytes += residentBytes;
  sum.processes += 1;
  use.set(name, sum);
}
for (const [name, { cpuMs, residentBytes, processes }] of use)
  process.stdout.write(
    `${name.padEnd(40)} ${(cpuMs / count).toFixed(2)} ms of processor a send, ${processes} processes, ${Math.round(residentBytes / 2 ** 20)} MB\n`,
  );
const { user, system: inSystem } = process.cpuUsage();
process.stdout.write(`the load itself: ${Math.round((user + inSystem) / 1000)} ms of processor in all\n`);
for (const socket of sockets) socket.terminate();
agent.destroy();
await system.close();
