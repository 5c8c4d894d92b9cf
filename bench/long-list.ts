import type { Agent } from "node:http";
import { WebSocket } from "ws";
import { type Client, createClient } from "../client/index.ts";
import { ask } from "./post.ts";
import { progress } from "./progress.ts";
import { quantiles } from "./quantiles.ts";
import type { TimesResult } from "./results.ts";
import type { System } from "./system.ts";

/** Peers that write at a time, while the list is made. */
const AT_ONCE = 8;

/**
 * How long a list of `count` conversations takes, `times` times each: all of its pages by HTTP, with the peers'
 * profiles; and a device that has nothing yet, with the client library, from connecting until it is synced.
 */
export async function longList(
  system: System,
  { agent, count, times }: { agent: Agent; count: number; times: number },
): Promise<TimesResult[]> {
  const [token = ""] = await system.tokens(["popular"]);
  await ask(agent, { url: `${system.baseUrl}/api/conversations`, token });
  const peers = await system.tokens(Array.from({ length: count }, (_, index) => `peer${index}`));
  const url = `${system.baseUrl}/api/conversations/popular/messages`;
  let written = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let peer = peers.pop(); peer !== undefined; peer = peers.pop()) {
        await ask(agent, { url, method: "POST", token: peer, body: { text: "hello" } });
        written += 1;
        if (written % 50 === 0) progress("list", `${written} of ${count} conversations begun`);
      }
    }),
  );
  const [pagesMs, syncMs]: [number[], number[]] = [[], []];
  const lost = { pages: 0, sync: 0 };
  for (let time = 0; time < times; time++) {
    progress("list", `${time + 1} of ${times}`);
    let beganAtMs = performance.now();
    lost.pages += count - (await pages(agent, { url: `${system.baseUrl}/api/conversations`, token }));
    pagesMs.push(performance.now() - beganAtMs);
    beganAtMs = performance.now();
    const client = createClient({ url: system.baseUrl, token: () => token, WebSocket });
    await online(client);
    syncMs.push(performance.now() - beganAtMs);
    lost.sync += count - client.conversations.length;
    await client.close();
  }
  const result = (name: string, what: string, ms: number[], missing: number): TimesResult => ({
    kind: "times",
    name,
    what,
    ms: quantiles(ms),
    faults: { lost: missing, doubled: 0, outOfOrder: 0 },
  });
  return [
    result("list", `all pages of ${count} conversations with profiles, by HTTP`, pagesMs, lost.pages),
    result("list-sync", `from connecting until a new device has ${count} rows`, syncMs, lost.sync),
  ];
}

interface Page {
  conversations: { peer: string }[];
  cursor: string;
  more: boolean;
}

async function pages(agent: Agent, { url, token }: { url: string; token: string }): Promise<number> {
  const found = new Set<string>();
  for (let since = ""; ; ) {
    const page = await ask<Page>(agent, { url: `${url}${since}`, token });
    for (const { peer } of page.conversations) found.add(peer);
    if (!page.more) return found.size;
    since = `?since=${encodeURIComponent(page.cursor)}`;
  }
}

function online(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.on("status", (status) => {
      if (status === "online") resolve();
    });
  });
}
