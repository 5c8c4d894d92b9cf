import type { KoaContextWithOIDC } from "oidc-provider";
import type { Provider } from "oidc-provider/lib/provider.js";
import type { UserPoolModel } from "../model.ts";
import { loopbackVariants } from "./loopback.ts";

/**
 * `GET /logout?client_id&logout_uri`: ends the browser's session and goes to `logout_uri`, which must be
 * a sign-out URL of the client ("The managed login sign-out endpoint: /logout" in Amazon Cognito's
 * developer guide; its other form, which signs in again at once, is refused). Tokens stay valid.
 */
export async function logout(ctx: KoaContextWithOIDC, options: { provider: Provider; userPool: UserPoolModel }) {
  const { client_id: clientId, logout_uri: logoutUri } = ctx.query;
  const client = options.userPool.clients.find((candidate) => candidate.clientId === clientId);
  if (client === undefined) return ctx.throw(400, `client_id must name a client of this user pool, not "${clientId}".`);
  const logoutUris = client.logoutUrls.flatMap(loopbackVariants);
  if (typeof logoutUri !== "string" || !logoutUris.includes(logoutUri)) {
    return ctx.throw(
      400,
      `logout_uri must be a sign-out URL of the client: ${logoutUris.join(", ")}; not "${logoutUri}".`,
    );
  }
  const session = await options.provider.Session.get(ctx);
  await session.destroy();
  ctx.cookies.set(options.provider.cookieName("session"), null, { path: new URL(options.userPool.issuer).pathname });
  ctx.redirect(logoutUri);
}
