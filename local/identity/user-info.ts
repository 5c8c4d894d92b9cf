import type { KoaContextWithOIDC } from "oidc-provider";
import type { Tokens } from "./tokens.ts";

/** `/oauth2/userInfo`: who the bearer of an access token with the scope `openid` is. */
export async function userInfo(ctx: KoaContextWithOIDC, tokens: Tokens): Promise<void> {
  const token = ctx.get("authorization").replace(/^Bearer /i, "");
  const claims = await tokens.verifyAccessToken(token).catch(() => undefined);
  if (claims?.scope.split(" ").includes("openid")) {
    ctx.body = { sub: claims.sub, username: claims.username };
    return;
  }
  ctx.status = 401;
  ctx.set("WWW-Authenticate", 'Bearer error="invalid_token"');
  ctx.body = { error: "invalid_token", error_description: "A valid access token with the scope openid is needed." };
}
