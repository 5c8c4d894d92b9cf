import { JwtRsaVerifier } from "aws-jwt-verify";
import { JwtBaseError, KidNotFoundInJwksError, WaitPeriodNotYetEndedJwkError } from "aws-jwt-verify/error";
import type { Fetcher } from "aws-jwt-verify/https";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import type { JwtPayload } from "aws-jwt-verify/jwt-model";

/** The token is not one that the issuer gave for us, or it has expired. */
export class InvalidTokenError extends Error {
  override name = "InvalidTokenError";
}

const FETCH_MS_MAX = 3000;

/**
 * Verifies access tokens as the HTTP API's JWT authorizer does: RSA signature by a key of the issuer, `iss`, `exp`,
 * `nbf`, and `aud`, or `client_id` where there is no `aud` (Cognito's access tokens have none).
 * The verifier rejects with `InvalidTokenError`, or with another error when the issuer cannot be asked.
 */
export function createTokenVerifier(expected: { issuer: string; audience: string }) {
  let verifier: ReturnType<typeof createVerifier> | undefined;
  return async (token: string): Promise<JwtPayload> => {
    verifier ??= createVerifier(expected);
    try {
      return await (await verifier).verify(token);
    } catch (error) {
      if (isTokensFault(error)) throw new InvalidTokenError("The token is not valid", { cause: error });
      // The next handshake discovers the issuer anew.
      verifier = undefined;
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

function isTokensFault(error: unknown): boolean {
  return (
    error instanceof InvalidTokenError ||
    error instanceof JwtBaseError ||
    error instanceof KidNotFoundInJwksError ||
    error instanceof WaitPeriodNotYetEndedJwkError
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
