import type { Agent } from "node:http";
import { WebSocket } from "ws";
import { createClient } from "../client/index.ts";
import type { Faults } from "./ledger.ts";
import { ask } from "./post.ts";
import { progress } from "./progress.ts";
import { quantiles } from "./quantiles.ts";
import type { TimesResult } from "./results.ts";
import type { System } from "./system.ts";

/**
 * How long a device takes, with the client library, from connecting to the last of `count` messages of one
 * conversation that came while it was away. `times` devices, one after the other, that have nothing yet.
 */
export async function catchUp(
  system: System,
  { agent, count, times }: { agent: Agent; count: number; times: number },
): Promise<TimesResult> {
  const [sender = "", recipient = ""] = await system.tokens(["away-sender", "away"]);
  await ask(agent, { url: `${system.baseUrl}/api/conversations`, token: recipient });
  const url = `${system.baseUrl}/api/conversations/away/messages`;
  for (let index = 1; index <= count; index++) {
    await ask(agent, { url, method: "POST", token: sender, body: { text: `missed ${index}` } });
    if (index % 50 === 0) progress("catch-up", `${index} of ${count} sent while the device is away`);
  }
  const tookMs: number[] = [];
  const faults: Faults = { lost: 0, doubled: 0, outOfOrder: 0 };
  for (let time = 0; time < times; time++) {
    progress("catch-up", `device ${time + 1} of ${times}`);
    tookMs.push(await oneDevice({ url: system.baseUrl, token: recipient, count, faults }));
  }
  const what = `from connecting to the last of ${count} missed messages`;
  return { kind: "times", name: "catch-up", what, ms: quantiles(tookMs), faults };
}

/** How long it may take before the rest counts as lost. */
const CATCH_UP_MS_MAX = 60_000;

async function oneDevice(options: { url: string; token: string; count: number; faults: Faults }): Promise<number> {
  const { url, token, count, faults } = options;
  const beganAtMs = performance.now();
  const client = createClient({ url, token: () => token, WebSocket });
  const timer = setTimeout(() => void client.close(), CATCH_UP_MS_MAX);
  const seen = new Set<number>();
  let lastSeq = 0;
  for await (const { seq } of client.messages()) {
    if (seen.has(seq)) faults.doubled += 1;
    else if (seq !== lastSeq + 1) faults.outOfOrder += 1;
    seen.add(seq);
    lastSeq = seq;
    if (seen.size === count) break;
  }
  const tookMs = performance.now() - beganAtMs;
  clearTimeout(timer);
  faults.lost += count - seen.size;
  await client.close();
  return tookMs;
}
