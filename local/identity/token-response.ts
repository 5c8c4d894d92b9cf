import { decodeJwt } from "jose";
import type { KoaContextWithOIDC } from "oidc-provider";
import * as v from "valibot";
import type { Tokens } from "./tokens.ts";

const TokenResponse = v.looseObject({ access_token: v.string(), id_token: v.optional(v.string()) });

/**
 * Koa middleware: makes the provider's token response a user pool's. Its opaque access token and its
 * ID token give way to ours, and a refresh answers no refresh token, since the old one stays valid
 * ("Refresh tokens" in Amazon Cognito's developer guide, for a client without rotation).
 */
export function shapeTokenResponse(tokens: Tokens) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> => {
    await next();
    if (ctx.oidc?.route !== "token" || ctx.status !== 200) return;
    const { AccessToken: accessToken, RefreshToken: refreshToken } = ctx.oidc.entities;
    const { accountId: username, clientId, scope = "" } = accessToken ?? {};
    if (!accessToken || !username || !clientId || !refreshToken?.authTime) {
      throw new Error("The provider issued an access token without a user, a client or a refresh token.");
    }
    const grant = { username, clientId, scope, authTimeSeconds: refreshToken.authTime };
    const response = v.parse(TokenResponse, ctx.body);
    response.access_token = await tokens.signAccessToken({ ...grant, lifetimeSeconds: accessToken.expiration });
    if (response.id_token !== undefined) {
      response.id_token = await tokens.signIdToken({ username, claims: decodeJwt(response.id_token) });
    }
    if (ctx.oidc.params?.grant_type === "refresh_token") delete response.refresh_token;
    ctx.body = response;
  };
}
