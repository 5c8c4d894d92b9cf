import { randomUUID } from "node:crypto";
import { importJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import * as v from "valibot";
import type { UserPoolModel } from "../model.ts";
import type { SigningKey } from "./signing-key.ts";
import { subjectOf } from "./username.ts";

export interface AccessTokenGrant {
  username: string;
  clientId: string;
  /** Separated by spaces: `openid profile`. */
  scope: string;
  /** When the user signed in, in seconds since the epoch. */
  authTimeSeconds: number;
  lifetimeSeconds: number;
}

export interface Tokens {
  signAccessToken(grant: AccessTokenGrant): Promise<string>;
  /** `claims` are those that no user pool changes: `aud`, `exp`, `nonce` and so on. */
  signIdToken(token: { username: string; claims: JWTPayload }): Promise<string>;
  /** Rejects when this is no valid access token of the pool. */
  verifyAccessToken(token: string): Promise<{ sub: string; username: string; scope: string }>;
}

const AccessTokenClaims = v.object({
  token_use: v.literal("access"),
  sub: v.string(),
  username: v.string(),
  scope: v.string(),
});

/**
 * Tokens with the claims of Amazon Cognito's ("Understanding the access token" and "Understanding the
 * identity (ID) token" in its developer guide). The access token has a `client_id` and no `aud`, which
 * is why oidc-provider, whose JWT access tokens need an audience (RFC 9068), cannot make it.
 */
export async function createTokens(options: { userPool: UserPoolModel; signingKey: SigningKey }): Promise<Tokens> {
  const { poolId, issuer } = options.userPool;
  const { kty, n, e, alg, kid } = options.signingKey;
  const privateKey = await importJWK(options.signingKey);
  const publicKey = await importJWK({ kty, n, e, alg });

  function sign({ username, claims }: { username: string; claims: JWTPayload }): Promise<string> {
    return new SignJWT({ ...claims, iss: issuer, sub: subjectOf({ poolId, username }), jti: randomUUID() })
      .setProtectedHeader({ kid, alg })
      .sign(privateKey);
  }

  return {
    signAccessToken({ username, clientId, scope, authTimeSeconds, lifetimeSeconds }) {
      const iat = Math.floor(Date.now() / 1000);
      const times = { auth_time: authTimeSeconds, iat, exp: iat + lifetimeSeconds };
      return sign({ username, claims: { client_id: clientId, token_use: "access", scope, username, ...times } });
    },
    signIdToken({ username, claims }) {
      return sign({ username, claims: { ...claims, token_use: "id", "cognito:username": username } });
    },
    async verifyAccessToken(token) {
      const { payload } = await jwtVerify(token, publicKey, { issuer, algorithms: [alg] });
      return v.parse(AccessTokenClaims, payload);
    },
  };
}
