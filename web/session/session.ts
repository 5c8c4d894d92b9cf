import type { GetToken } from "../../client/index.ts";
import { claimsOf } from "../../client/token-claims.ts";
import type { WebConfig } from "./config.ts";
import { type Attempt, Issuer, isDenial, isRefusal, isUnanswered, newAttempt, type Tokens } from "./issuer.ts";
import { browserWorld, type SessionWorld } from "./session-world.ts";

/** In the tab's storage: the tokens that outlive a reload of the page, for as long as the tab is open. */
const KEPT = "duet.session";
/** In the tab's storage: what is needed when the issuer sends the browser back. */
const ATTEMPT = "duet.signIn";
/** In the tab's storage: it has gone to the issuer by itself once, and does not again. */
const HAS_TRIED = "duet.hasTried";
/** On the device, without any secret: somebody was signed in here, and has not signed out. */
const WAS_SIGNED_IN = "duet.wasSignedIn";
const SIGNED_OUT = "signed out";

/** Somebody who is signed in, in this tab. */
export interface Session {
  /** As the access token says; what it is good for, the server decides. */
  readonly username: string;
  /** For `createClient`: renews the token by itself. Gives none when the user has to sign in again. */
  token: GetToken;
  /** Forgets everything of the session, in every tab, and leaves for the issuer, which ends its own. */
  signOut(): Promise<void>;
  /** Calls `listener` when the user signs out in another tab. */
  onSignedOutElsewhere(listener: () => void): void;
}

/**
 * - `denied`: the user, or the issuer, has said no.
 * - `unreachable`: the issuer gave no answer.
 * - `invalid`: what came back is none of what was asked, as after a long time, or from another tab.
 */
export type SignInProblem = "denied" | "unreachable" | "invalid";

export class SignInError extends Error {
  override name = "SignInError";
  readonly code: SignInProblem;

  constructor(code: SignInProblem, cause: unknown) {
    super(`Signing in failed (${code}): ${cause}`, { cause });
    this.code = code;
  }
}

interface Kept {
  username: string;
  refreshToken?: string | undefined;
  idToken?: string | undefined;
}

/**
 * The session of this tab: the one that the issuer has just sent back, or that of before a reload. With nothing, nobody
 * is signed in. Where somebody was, on this device, a new tab goes to the issuer by itself, once, which brings it back
 * at once while its own session lasts; that never resolves.
 *
 * Rejects with a `SignInError`.
 */
export async function resumeSession(
  config: WebConfig,
  world: SessionWorld = browserWorld(),
): Promise<Session | undefined> {
  const { tab, device } = world;
  const issuer = new Issuer(config, world);
  const url = world.url();
  if (url.searchParams.has("state") && (url.searchParams.has("code") || url.searchParams.has("error"))) {
    const tokens = await comeBack(issuer, world, url);
    const username = usernameOf(tokens.accessToken, config.usernameClaim);
    keep(tab, { username, ...tokens });
    device.setItem(WAS_SIGNED_IN, "yes");
    tab.removeItem(HAS_TRIED);
    return createSession({ issuer, world, username, accessToken: tokens.accessToken });
  }
  const kept = read<Kept>(tab, KEPT);
  if (kept?.refreshToken !== undefined && typeof kept.username === "string")
    return createSession({ issuer, world, username: kept.username });
  if (device.getItem(WAS_SIGNED_IN) === null || tab.getItem(HAS_TRIED) !== null) return undefined;
  tab.setItem(HAS_TRIED, "yes");
  await signIn(config, { returnTo: url.pathname + url.search }, world);
  return new Promise(() => undefined);
}

/** Leaves for the issuer's page, which sends the browser back to `returnTo`. Rejects with a `SignInError`. */
export async function signIn(
  config: WebConfig,
  { returnTo }: { returnTo: string },
  world: SessionWorld = browserWorld(),
): Promise<void> {
  const attempt = newAttempt();
  const url = await new Issuer(config, world).signInUrl(attempt).catch((cause: unknown) => {
    throw new SignInError("unreachable", cause);
  });
  world.tab.setItem(ATTEMPT, JSON.stringify({ ...attempt, returnTo }));
  world.leave(url);
}

async function comeBack(issuer: Issuer, world: SessionWorld, callback: URL): Promise<Tokens> {
  const attempt = read<Attempt & { returnTo: string }>(world.tab, ATTEMPT);
  world.tab.removeItem(ATTEMPT);
  // A path of this origin: what begins with two slashes would be another host.
  const returnTo = attempt?.returnTo ?? "/";
  world.replaceUrl(/^\/(?![/\\])/.test(returnTo) ? returnTo : "/");
  if (attempt === undefined) throw new SignInError("invalid", "this tab has not asked for it");
  return issuer.redeem(callback, attempt).catch((cause: unknown) => {
    throw new SignInError(isDenial(cause) ? "denied" : isUnanswered(cause) ? "unreachable" : "invalid", cause);
  });
}

function createSession(parts: {
  issuer: Issuer;
  world: SessionWorld;
  username: string;
  accessToken?: string;
}): Session {
  const { issuer, world, username } = parts;
  const { tab, device, channel } = world;
  let present = parts.accessToken;
  let renewing: Promise<string | undefined> | undefined;
  let hasEnded = false;

  const renew = async (): Promise<string | undefined> => {
    const { refreshToken, idToken } = read<Kept>(tab, KEPT) ?? {};
    if (refreshToken === undefined) return undefined;
    try {
      const tokens = await issuer.refresh(refreshToken);
      if (hasEnded) return undefined;
      keep(tab, {
        username,
        refreshToken: tokens.refreshToken ?? refreshToken,
        idToken: tokens.idToken ?? idToken,
      });
      return tokens.accessToken;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      tab.removeItem(KEPT);
      return undefined;
    }
  };
  const forget = () => {
    hasEnded = true;
    present = undefined;
    tab.removeItem(KEPT);
    device.removeItem(WAS_SIGNED_IN);
  };

  return {
    username,
    async token({ refused }) {
      const kept = present === refused ? undefined : present;
      if (kept !== undefined && lastsMs(kept) > RENEW_BEFORE_MS) return kept;
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
      try {
        present = (await renewing) ?? kept;
      } catch (error) {
        // What will not last is good until then.
        if (kept === undefined || lastsMs(kept) <= 0) throw error;
      }
      return present;
    },
    async signOut() {
      const { refreshToken, idToken } = read<Kept>(tab, KEPT) ?? {};
      forget();
      channel.postMessage(SIGNED_OUT);
      if (refreshToken !== undefined) {
        const late = new Promise((resolve) => setTimeout(resolve, REVOKE_MS_MAX));
        await Promise.race([issuer.revoke(refreshToken).catch(() => undefined), late]);
      }
      world.leave((await issuer.signOutUrl(idToken).catch(() => undefined)) ?? "/");
    },
    onSignedOutElsewhere(listener) {
      channel.onmessage = ({ data }) => {
        if (data !== SIGNED_OUT) return;
        forget();
        listener();
      };
    },
  };
}

/** How long a user who signs out waits for the issuer. Nothing is left here by then; the token ends by itself. */
const REVOKE_MS_MAX = 3_000;

/** A token that ends sooner is renewed when it is asked for; the client asks well ahead. */
const RENEW_BEFORE_MS = 150_000;

/** How long a token lasts by this device's clock; what does not say so is renewed only when it is refused. */
function lastsMs(token: string): number {
  const { exp } = claimsOf(token);
  return typeof exp === "number" ? exp * 1000 - Date.now() : Number.POSITIVE_INFINITY;
}

function usernameOf(token: string, claim: string): string {
  const username = claimsOf(token)[claim];
  if (typeof username === "string" && username !== "") return username.normalize("NFC");
  throw new SignInError("invalid", `the access token has no claim ${claim}`);
}

function keep(tab: SessionWorld["tab"], { username, refreshToken, idToken }: Kept): void {
  tab.setItem(KEPT, JSON.stringify({ username, refreshToken, idToken }));
}

/** What is damaged counts as not there. */
function read<T>(store: SessionWorld["tab"], key: string): T | undefined {
  try {
    return (JSON.parse(store.getItem(key) ?? "null") as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}
