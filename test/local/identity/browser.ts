import { createHash, randomBytes } from "node:crypto";
import { CLIENT_ID, type System } from "./system.ts";

const REDIRECTS_MAX = 10;

export interface Tokens {
  access_token: string;
  id_token: string;
  refresh_token?: string;
  expires_in: number;
  token_type: string;
}

/** As much of a browser as a sign-in needs: cookies by path, and redirects up to the client's page. */
export class Browser {
  readonly #system: System;
  readonly #cookies = new Map<string, { value: string; path: string }>();

  constructor(system: System) {
    this.#system = system;
  }

  /** Follows redirects until a page, or until the client would be loaded. */
  async open(target: string, form?: Record<string, string>): Promise<{ response: Response; url: URL; text: string }> {
    let url = new URL(target);
    let body = form;
    for (let redirects = 0; redirects < REDIRECTS_MAX; redirects += 1) {
      const response = await fetch(url, {
        redirect: "manual",
        headers: { accept: "text/html", cookie: this.#cookieHeader(url.pathname) },
        ...(body && { method: "POST", body: new URLSearchParams(body) }),
      });
      this.#store(response, url);
      const location = response.headers.get("location");
      if (location === null) return { response, url, text: await response.text() };
      await response.arrayBuffer();
      url = new URL(location, url);
      body = undefined;
      if (!url.href.startsWith(this.#system.userPool.issuer)) return { response, url, text: "" };
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects`);
  }

  #cookieHeader(pathname: string): string {
    const sent = [...this.#cookies].filter(([, { path }]) => pathname === path || pathname.startsWith(`${path}/`));
    return sent.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  #store(response: Response, url: URL): void {
    for (const header of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      const path = /; path=([^;]+)/i.exec(header)?.[1] ?? url.pathname;
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, { value, path });
    }
  }
}

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

/** The URL a client opens to sign a user in; a parameter given as undefined is left out. */
export function authorizeUrl(system: System, parameters: Record<string, string | undefined>): string {
  const all = {
    client_id: CLIENT_ID,
    response_type: "code",
    redirect_uri: system.callbackUrl,
    scope: "openid profile email",
    state: "state-of-the-client",
    ...parameters,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${system.userPool.issuer}/oauth2/authorize?${new URLSearchParams(given)}`;
}

export async function postToken(system: System, form: Record<string, string>): Promise<Response> {
  const body = new URLSearchParams({ client_id: CLIENT_ID, ...form });
  return fetch(`${system.userPool.issuer}/oauth2/token`, { method: "POST", body });
}

/** The whole way from the client's button to its tokens, as `username` unless the browser has a session. */
export async function signIn(system: System, username: string, browser = new Browser(system)): Promise<Tokens> {
  const { verifier, challenge } = pkce();
  const parameters = { code_challenge: challenge, code_challenge_method: "S256", nonce: "nonce-of-the-client" };
  const page = await browser.open(authorizeUrl(system, parameters));
  // A browser with a session is not shown the page.
  const { url } = page.url.searchParams.has("code") ? page : await browser.open(page.url.href, { username });
  const code = url.searchParams.get("code") ?? "";
  const response = await postToken(system, {
    grant_type: "authorization_code",
    redirect_uri: system.callbackUrl,
    code,
    code_verifier: verifier,
  });
  if (!response.ok) throw new Error(`token endpoint: ${response.status} ${await response.text()}`);
  return (await response.json()) as Tokens;
}
