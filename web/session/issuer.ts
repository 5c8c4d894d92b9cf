import * as oauth from "oauth4webapi";
import type { WebConfig } from "./config.ts";
import type { SessionWorld } from "./session-world.ts";

/** How long an issuer may take to answer, so that nobody waits for what has died on the way. */
const ANSWER_MS_MAX = 20_000;

/** The tokens that an issuer gives. */
export interface Tokens {
  accessToken: string;
  refreshToken: string | undefined;
  idToken: string | undefined;
}

/** What is kept while somebody is at the issuer's page. */
export interface Attempt {
  state: string;
  verifier: string;
  nonce: string;
}

/**
 * An OpenID Connect issuer, for a public client: authorization code with PKCE (RFC 7636), refresh and revocation. Its
 * description is fetched once. Rejects with what oauth4webapi throws, or `fetch`.
 */
export class Issuer {
  readonly #config: WebConfig;
  readonly #world: SessionWorld;
  readonly #client: oauth.Client;
  #description: Promise<oauth.AuthorizationServer> | undefined;

  constructor(config: WebConfig, world: SessionWorld) {
    this.#config = config;
    this.#world = world;
    this.#client = { client_id: config.clientId };
  }

  async signInUrl({ state, verifier, nonce }: Attempt): Promise<string> {
    const { clientId, scope, authorizationParameters = {} } = this.#config;
    const { authorization_endpoint } = await this.#describe();
    if (authorization_endpoint === undefined) throw new Error("The issuer has no authorization endpoint.");
    const url = new URL(authorization_endpoint);
    const parameters = {
      ...authorizationParameters,
      response_type: "code",
      client_id: clientId,
      redirect_uri: this.#redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  /** Takes the code with which the issuer has sent the browser back. */
  async redeem(callback: URL, { state, verifier, nonce }: Attempt): Promise<Tokens> {
    const issuer = await this.#describe();
    const parameters = oauth.validateAuthResponse(issuer, this.#client, callback, state);
    const response = await oauth.authorizationCodeGrantRequest(
      issuer,
      this.#client,
      oauth.None(),
      parameters,
      this.#redirectUri,
      verifier,
      this.#options,
    );
    const expected = { expectedNonce: nonce, requireIdToken: true };
    return tokens(await oauth.processAuthorizationCodeResponse(issuer, this.#client, response, expected));
  }

  /** An issuer that does not rotate refresh tokens gives no new one: the old one stays good. */
  async refresh(refreshToken: string): Promise<Tokens> {
    const issuer = await this.#describe();
    const response = await oauth.refreshTokenGrantRequest(
      issuer,
      this.#client,
      oauth.None(),
      refreshToken,
      this.#options,
    );
    return tokens(await oauth.processRefreshTokenResponse(issuer, this.#client, response));
  }

  /** Takes the refresh token back, where the issuer has a way for it. */
  async revoke(refreshToken: string): Promise<void> {
    const issuer = await this.#describe();
    if (issuer.revocation_endpoint === undefined) return;
    await oauth.revocationRequest(issuer, this.#client, oauth.None(), refreshToken, this.#options);
  }

  /** Where the browser goes to end its session with the issuer; nothing where there is no such place. */
  async signOutUrl(idToken: string | undefined): Promise<string | undefined> {
    const { logoutUrl, clientId } = this.#config;
    const place = logoutUrl ?? (await this.#describe()).end_session_endpoint;
    if (place === undefined) return undefined;
    const url = new URL(place);
    url.searchParams.set("client_id", clientId);
    url.searchParams.set(logoutUrl === undefined ? "post_logout_redirect_uri" : "logout_uri", this.#redirectUri);
    if (logoutUrl === undefined && idToken !== undefined) url.searchParams.set("id_token_hint", idToken);
    return url.href;
  }

  /** Exactly as the issuer knows it. */
  get #redirectUri(): string {
    return `${this.#world.url().origin}/`;
  }

  get #options() {
    const { hostname } = new URL(this.#config.issuer);
    return {
      [oauth.customFetch]: this.#world.fetch,
      signal: () => AbortSignal.timeout(ANSWER_MS_MAX),
      // Plain HTTP never leaves this machine.
      [oauth.allowInsecureRequests]: ["localhost", "127.0.0.1", "[::1]"].includes(hostname),
    };
  }

  #describe(): Promise<oauth.AuthorizationServer> {
    const url = new URL(this.#config.issuer);
    this.#description ??= oauth
      .discoveryRequest(url, this.#options)
      .then((response) => oauth.processDiscoveryResponse(url, response))
      .catch((error: unknown) => {
        this.#description = undefined;
        throw error;
      });
    return this.#description;
  }
}

export function newAttempt(): Attempt {
  return {
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
  };
}

function tokens(response: oauth.TokenEndpointResponse): Tokens {
  return {
    accessToken: response.access_token,
    refreshToken: response.refresh_token,
    idToken: response.id_token,
  };
}

/** The issuer has answered, and refused: asking the same again would give the same. */
export function isRefusal(error: unknown): boolean {
  return (
    (error instanceof oauth.ResponseBodyError && error.status < 500 && error.status !== 429) ||
    error instanceof oauth.WWWAuthenticateChallengeError
  );
}

/** The user, or the issuer, has said no on the issuer's page. */
export function isDenial(error: unknown): boolean {
  return error instanceof oauth.AuthorizationResponseError && !PASSING.includes(error.error);
}

/** What an issuer sends back where it has a fault itself (RFC 6749, section 4.1.2.1). */
const PASSING = ["server_error", "temporarily_unavailable"];

/** There was no answer, or one that says to come again later. */
export function isUnanswered(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    (error instanceof DOMException && ["AbortError", "TimeoutError"].includes(error.name)) ||
    error instanceof oauth.AuthorizationResponseError ||
    (error instanceof oauth.ResponseBodyError && !isRefusal(error)) ||
    (error instanceof oauth.OperationProcessingError && error.cause instanceof Response && error.cause.status >= 500)
  );
}
