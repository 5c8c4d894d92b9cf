import { DuetError } from "./duet-error.ts";
import type { PostAnswer } from "./outbox.ts";
import { type AccessToken, type TokenSource, unauthorized } from "./token-source.ts";
import { type World, within } from "./world.ts";

/**
 * How long an answer may take: more than the 20 s that a function of Duet may run, so that what is not answered by then was sent to
 * nobody, as on a connection that has died unseen.
 */
const ANSWER_MS_MAX = 22_000;

/** The part of `fetch` that is used. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string | Uint8Array<ArrayBuffer>;
    signal: AbortSignal;
  },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>;

export interface ApiPorts {
  url: string;
  fetch: Fetch;
  tokens: TokenSource;
  world: World;
  /** Nothing can be asked any more until somebody signs in. */
  onSignedOut(error: DuetError): void;
}

/** The HTTP API, for the signed-in user. */
export class Api {
  readonly #ports: ApiPorts;
  /** Requests under way. */
  readonly #asking = new Set<AbortController>();

  constructor(ports: ApiPorts) {
    this.#ports = ports;
  }

  /**
   * Asks once; with another token once more, where the token is refused. Answers whatever status comes then, but for 401.
   * Rejects with `no_answer`, `unauthorized` and `signed_out`.
   */
  async call(method: string, path: string, more: RequestMore = {}): Promise<PostAnswer> {
    const { tokens, onSignedOut } = this.#ports;
    try {
      const token = await tokens.get();
      const answer = await this.#fetch(method, path, more, token);
      if (answer.status !== 401) return answer;
      const again = await this.#fetch(method, path, more, await tokens.replace(token));
      if (again.status === 401) throw unauthorized();
      return again;
    } catch (error) {
      if (isSignedOut(error)) onSignedOut(error);
      throw error;
    }
  }

  /** Ends what is under way: it rejects with `no_answer`. */
  abort(): void {
    for (const asking of this.#asking) asking.abort();
  }

  /** The body of an answer of 2xx. Rejects with the refusal otherwise, and as `call`. */
  async ask<T>(method: string, path: string, more: RequestMore = {}): Promise<T> {
    const { status, body, retryAfterSeconds } = await this.call(method, path, more);
    if (status < 300 && body !== undefined) return body as T;
    const { code, detail, requestId } = (body ?? {}) as Record<string, unknown>;
    throw new DuetError(
      typeof code === "string" ? code : status < 300 ? "no_answer" : "unexpected",
      typeof detail === "string" ? detail : `${method} ${path} was answered ${status}.`,
      {
        status,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
        ...(typeof requestId === "string" ? { requestId } : {}),
      },
    );
  }

  async #fetch(method: string, path: string, more: RequestMore, token: AccessToken): Promise<PostAnswer> {
    const { url, fetch, world } = this.#ports;
    const abort = new AbortController();
    this.#asking.add(abort);
    const late = () => {
      abort.abort();
      return new Error(`no answer within ${ANSWER_MS_MAX} ms`);
    };
    const asking = async () => {
      const response = await fetch(`${url}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${token.text}`, "content-type": "application/json", ...more.headers },
        ...(more.body === undefined
          ? {}
          : { body: more.body instanceof Uint8Array ? more.body : JSON.stringify(more.body) }),
        signal: abort.signal,
      });
      return { response, text: await response.text() };
    };
    try {
      const { response, text } = await within(world, ANSWER_MS_MAX, asking(), late);
      const body = parseJson(text);
      const retryAfter = Number(body?.retryAfterSeconds ?? response.headers.get("retry-after") ?? Number.NaN);
      const { status } = response;
      return { status, body, ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}) };
    } catch (cause) {
      throw new DuetError("no_answer", `${method} /api/${path}: ${cause}`, { cause });
    } finally {
      this.#asking.delete(abort);
    }
  }
}

export interface RequestMore {
  /** Sent as JSON; bytes are sent as they are. */
  body?: object | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

export function isSignedOut(error: unknown): error is DuetError {
  return error instanceof DuetError && ["unauthorized", "signed_out", "wrong_user", "not_allowed"].includes(error.code);
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
