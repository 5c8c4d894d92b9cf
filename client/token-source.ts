import { DuetError } from "./duet-error.ts";
import type { ServerClock } from "./server-clock.ts";
import { claimsOf } from "./token-claims.ts";
import { type World, within } from "./world.ts";

/** How long the app may take to give a token. */
const TOKEN_MS_MAX = 30_000;
/** A token that ends sooner than this is not used for another request. */
const TOKEN_REST_MS_MIN = 5_000;

/**
 * Gives an access token, from wherever the app keeps or gets it; nothing where nobody is signed in. It is asked when
 * the first token is needed, when the present one is about to end, and with `refused` when the server has refused that
 * one: then another has to be given. A rejection is taken for a passing fault, and it is asked again later.
 */
export type GetToken = (request: {
  refused: string | undefined;
}) => Promise<string | null | undefined> | string | null | undefined;

export interface AccessToken {
  text: string;
  /** By the server's clock, ms since the epoch; `Infinity` where the token does not say. */
  expiresAtMs: number;
}

/** The present access token. What is read in it only says when to ask for the next: whether it is good, the server knows. */
export class TokenSource {
  readonly #world: World;
  readonly #clock: ServerClock;
  readonly #getToken: GetToken;
  #present: AccessToken | undefined;
  #asking: Promise<AccessToken> | undefined;
  #subject: unknown;

  constructor({ world, clock, getToken }: { world: World; clock: ServerClock; getToken: GetToken }) {
    this.#world = world;
    this.#clock = clock;
    this.#getToken = getToken;
  }

  /** A token that lasts for `restMs` more, if the app has one. Rejects with `signed_out` and `no_answer`. */
  async get(restMs = TOKEN_REST_MS_MIN): Promise<AccessToken> {
    const present = this.#present;
    return present !== undefined && present.expiresAtMs - this.#clock.nowMs() > restMs ? present : this.#ask();
  }

  /** Another token than one that was refused. Rejects with `unauthorized` where the app has no other. */
  async replace(refused: AccessToken): Promise<AccessToken> {
    // Whoever asks already may be given the one that was refused.
    await this.#asking?.catch(() => undefined);
    const present = this.#present;
    if (present !== undefined && present.text !== refused.text) return present;
    const next = await this.#ask(refused.text);
    if (next.text === refused.text) throw unauthorized();
    return next;
  }

  #ask(refused?: string): Promise<AccessToken> {
    this.#asking ??= this.#askOnce(refused).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askOnce(refused: string | undefined): Promise<AccessToken> {
    const late = () => new DuetError("no_answer", `The option token gave none within ${TOKEN_MS_MAX} ms.`);
    const asked = Promise.resolve({ refused }).then(this.#getToken);
    const text = await within(this.#world, TOKEN_MS_MAX, asked, late).catch((cause: unknown) => {
      throw cause instanceof DuetError ? cause : new DuetError("no_answer", `No token was given: ${cause}`, { cause });
    });
    if (!text) throw new DuetError("signed_out", "Nobody is signed in: the option token gave none.");
    const { exp, sub } = claimsOf(text);
    this.#subject ??= sub;
    if (sub !== this.#subject) throw new DuetError("signed_out", "The token is another user's; each has a client.");
    this.#present = { text, expiresAtMs: typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY };
    return this.#present;
  }
}

export function unauthorized(): DuetError {
  return new DuetError("unauthorized", "The server refused the access token, and no other was given.", { status: 401 });
}
