import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { type Client, type ClientOptions, createClient } from "../../client/index.ts";
import type { Message } from "../../functions/protocol/wire.ts";
import { ISSUER_LIST_PATH } from "../../local/identity/paths.ts";
import { startSystem } from "../app/system.ts";
import { startProxy } from "./proxy.ts";
import { eager, testWorld } from "./test-world.ts";

/** The system, and clients that reach it by a network which can be made to fail. Limits per sender only if wanted. */
export async function startClients({ limits = false }: { limits?: boolean } = {}) {
  const system = await startSystem({ dynamoDb: "dynalite", limits });
  const { baseUrl } = system.runtime;
  const proxy = await startProxy(baseUrl);
  const clients = new Set<Client>();
  let pairs = 0;
  const user = async (name: string) => {
    const signedIn = await system.user(name);
    await signedIn.conversations();
    return signedIn;
  };
  return {
    runtime: system.runtime,
    proxy,
    /** Two users who exist, by HTTP. */
    async pair() {
      pairs++;
      const [alice, bob] = await Promise.all([user(`alice${pairs}`), user(`bob${pairs}`)]);
      return { alice, bob };
    },
    /** A client of a user; by the proxy, and in a hurry, unless it is said otherwise. */
    open({ token }: { token: string }, options: Partial<ClientOptions> = {}): Client {
      const { world } = testWorld({ random: eager });
      const client = createClient({ url: proxy.url, token: () => token, WebSocket, world, ...options });
      clients.add(client);
      return client;
    },
    /** What the server has of a conversation. */
    async log(of: { token: string }, peer: string): Promise<Message[]> {
      const messages: Message[] = [];
      for (;;) {
        const path = `/api/conversations/${encodeURIComponent(peer)}/messages?limit=100&after=${messages.length}`;
        const response = await fetch(`${baseUrl}${path}`, { headers: { authorization: `Bearer ${of.token}` } });
        const page = ((await response.json()) as { messages: Message[] }).messages;
        messages.push(...page);
        if (page.length < 100) return messages;
      }
    },
    /** Access tokens that last so long. */
    async shortToken(username: string, lifetimeSeconds: number): Promise<string> {
      const { issuers } = (await (await fetch(`${baseUrl}${ISSUER_LIST_PATH}`)).json()) as { issuers: string[] };
      const response = await fetch(`${issuers[0]}/dev/tokens`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ usernames: [username], lifetimeSeconds }),
      });
      return ((await response.json()) as { accessTokens: string[] }).accessTokens[0] ?? "";
    },
    async close() {
      await Promise.all([...clients].map((client) => client.close()));
      await proxy.stop();
      await system.close();
    },
  };
}

/** Resolves when it is so, now or after one of the events. */
export async function until<Name extends string>(
  source: { on(name: Name, listener: () => void): () => void },
  name: Name,
  isSo: () => boolean,
  what = `${isSo}`,
): Promise<void> {
  const deadline = new AbortController();
  let off = () => {};
  const come = new Promise<void>((resolve) => {
    const look = () => {
      if (isSo()) resolve();
    };
    off = source.on(name, look);
    look();
  });
  const late = delay(25_000, undefined, { signal: deadline.signal }).then(
    () => Promise.reject(new Error(`It did not come to this: ${what}`)),
    () => undefined,
  );
  await Promise.race([come, late]);
  deadline.abort();
  off();
}

export const isOnline = (client: Client) => until(client, "status", () => client.status === "online");

/** Takes so many messages, and leaves the loop after that. */
export async function take(client: Client, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  const messages = client.messages();
  while (taken.length < count) {
    const { done, value } = await messages.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

export const texts = (messages: readonly { text: string }[]) => messages.map(({ text }) => text);
