import { JwtRsaVerifier } from "aws-jwt-verify";
import {
  FetchError,
  JwksValidationError,
  JwkValidationError,
  JwtBaseError,
  WaitPeriodNotYetEndedJwkError,
} from "aws-jwt-verify/error";
import type { Fetcher } from "aws-jwt-verify/https";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

/** The token is not one that the issuer gave for us, or it has expired. */
export class InvalidTokenError extends Error {
  override name = "InvalidTokenError";
}

export interface VerifiedToken {
  [claim: string]: unknown;
  /** Whole seconds since the epoch. */
  exp: number;
}

const FETCH_MS_MAX = 3000;

/**
 * Verifies access tokens as the HTTP API's JWT authorizer does: RSA signature by a key of the issuer, `iss`, `exp`,
 * `nbf`, and `aud`, or `client_id` where there is no `aud` (Cognito's access tokens have none).
 * The verifier rejects with `InvalidTokenError`, or with another error when the issuer cannot be asked.
 */
export function createTokenVerifier(expected: { issuer: string; audience: string }) {
  let verifier: ReturnType<typeof createVerifier> | undefined;
  return async (token: string): Promise<VerifiedToken> => {
    // An issuer that could not be asked is asked again at the next handshake.
    verifier ??= createVerifier(expected).catch((error: unknown) => {
      verifier = undefined;
      throw error;
    });
    try {
      const payload = await (await verifier).verify(token);
      if (payload.exp === undefined) throw new InvalidTokenError("The token does not say when it expires");
      return { ...payload, exp: Math.floor(payload.exp) };
    } catch (error) {
      if (isTokensFault(error)) throw new InvalidTokenError("The token is not valid", { cause: error });
      throw error;
    }
  };
}

async function createVerifier({ issuer, audience }: { issuer: string; audience: string }) {
  const discovery = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const jwksUri = (discovery as { jwks_uri?: unknown }).jwks_uri;
  if (typeof jwksUri !== "string") throw new Error(`The discovery document of ${issuer} names no jwks_uri`);
  return JwtRsaVerifier.create(
    {
      issuer,
      jwksUri,
      audience: null,
      customJwtCheck: ({ payload }) => {
        const given = [payload.aud ?? payload.client_id].flat();
        if (!given.includes(audience)) throw new InvalidTokenError("The token is for another audience");
      },
    },
    { jwksCache: new SimpleJwksCache({ fetcher: { fetch: fetchBytes } satisfies Fetcher }) },
  );
}

/** A key that is unknown is the token's fault; keys that cannot be had, or asked for again so soon, are not. */
function isTokensFault(error: unknown): boolean {
  if (error instanceof InvalidTokenError) return true;
  if (!(error instanceof JwtBaseError)) return false;
  return ![FetchError, JwksValidationError, JwkValidationError, WaitPeriodNotYetEndedJwkError].some(
    (fault) => error instanceof fault,
  );
}

async function fetchJson(uri: string): Promise<unknown> {
  return JSON.parse(Buffer.from(await fetchBytes(uri)).toString());
}

/** The library's own fetcher speaks https only, and on one machine the issuer is on loopback, without TLS. */
async function fetchBytes(uri: string): Promise<ArrayBuffer> {
  const { protocol, hostname } = new URL(uri);
  if (protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname))
    throw new Error(`An issuer outside this machine is asked by https only; got ${uri}`);
  const response = await fetch(uri, { signal: AbortSignal.timeout(FETCH_MS_MAX), redirect: "error" });
  if (!response.ok) throw new Error(`${uri} answered ${response.status}`);
  return response.arrayBuffer();
}
