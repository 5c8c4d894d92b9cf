import { once } from "node:events";
import type { Agent } from "node:http";
import { WebSocket } from "ws";
import type { Message } from "../functions/protocol/wire.ts";
import { type Faults, Ledger, sum } from "./ledger.ts";
import { ask, call } from "./post.ts";
import type { System } from "./system.ts";

/** How long a push may come after its answer, before it counts as lost. */
const PUSH_MS_MAX = 5_000;

/** A sender and a recipient with one open socket. */
export class Pair {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #token: string;
  readonly #ledger = new Ledger();
  readonly #socket: WebSocket;
  /** When each text should have been sent, by `performance.now()`; and what hears of its coming. */
  readonly #expected = new Map<string, { intendedAtMs: number; came: (ms: number) => void }>();

  constructor(options: { url: string; agent: Agent; token: string; socket: WebSocket }) {
    this.#url = options.url;
    this.#agent = options.agent;
    this.#token = options.token;
    this.#socket = options.socket;
    this.#socket.on("message", (frame) => {
      const { seq, text } = JSON.parse(frame.toString()) as { seq: number; text: string };
      const expected = this.#expected.get(text);
      this.#expected.delete(text);
      this.#ledger.push(text, seq);
      expected?.came(performance.now() - expected.intendedAtMs);
    });
  }

  /** Resolves with what was answered; `onDelivery` is told how long after `intendedAtMs` the message came, in ms. */
  async send(
    text: string,
    { intendedAtMs, onDelivery }: { intendedAtMs: number; onDelivery: (ms: number) => void },
  ): Promise<number> {
    this.#expected.set(text, { intendedAtMs, came: onDelivery });
    const { status, body } = await call(this.#agent, {
      url: this.#url,
      method: "POST",
      token: this.#token,
      body: { text },
    });
    if (status === 201) this.#ledger.acknowledge(text, (JSON.parse(body) as { message: Message }).message.seq);
    return status;
  }

  get pushes() {
    return this.#ledger.pushes;
  }

  /** Waits for the pushes that are still to come, and holds all there was against the log. */
  async audit(): Promise<Faults> {
    const untilMs = performance.now() + PUSH_MS_MAX;
    while (this.#ledger.outstanding > 0 && performance.now() < untilMs)
      await once(this.#socket, "message", { signal: AbortSignal.timeout(PUSH_MS_MAX) }).catch(() => undefined);
    return this.#ledger.audit(await readLog(this.#agent, { url: this.#url, token: this.#token }));
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** So many pairs, named after `kind`; each has sent one message, so that their rows are there. */
export async function openPairs(
  system: System,
  { agent, kind, count }: { agent: Agent; kind: string; count: number },
): Promise<Pair[]> {
  const names = (role: string) => Array.from({ length: count }, (_, index) => `${kind}-${role}${index}`);
  const recipients = names("recipient");
  const senderTokens = await system.tokens(names("sender"));
  const recipientTokens = await system.tokens(recipients);
  const pairs: Pair[] = [];
  for (const [index, recipient] of recipients.entries()) {
    const socket = new WebSocket(`${system.baseUrl.replace("http", "ws")}/ws`, [
      "duet.v1",
      `bearer.${recipientTokens[index]}`,
    ]);
    await once(socket, "open");
    const url = `${system.baseUrl}/api/conversations/${recipient}/messages`;
    const pair = new Pair({ url, agent, token: senderTokens[index] ?? "", socket });
    const status = await pair.send("hello", { intendedAtMs: performance.now(), onDelivery: () => undefined });
    if (status !== 201) throw new Error(`The first message to ${recipient} was answered ${status}`);
    pairs.push(pair);
  }
  return pairs;
}

export const auditAll = async (pairs: readonly Pair[]): Promise<Faults> =>
  sum(await Promise.all(pairs.map((pair) => pair.audit())));

const PAGE = 100;

/** The whole log of a conversation, page after page. */
export async function readLog(agent: Agent, { url, token }: { url: string; token: string }): Promise<Message[]> {
  const log: Message[] = [];
  for (;;) {
    const after = log.at(-1)?.seq ?? 0;
    const { messages } = await ask<{ messages: Message[] }>(agent, {
      url: `${url}?limit=${PAGE}&after=${after}`,
      token,
    });
    log.push(...messages);
    if (messages.length < PAGE) return log;
  }
}
