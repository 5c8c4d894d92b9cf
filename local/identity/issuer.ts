import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { Log, UserPoolModel } from "../model.ts";
import { devTokens } from "./dev-tokens.ts";
import { explainErrors } from "./explain-errors.ts";
import { logout } from "./logout.ts";
import { refuseUnlessLoopback } from "./loopback.ts";
import { PATHS } from "./paths.ts";
import { createProvider } from "./provider.ts";
import { signIn } from "./sign-in.ts";
import { loadSigningKey } from "./signing-key.ts";
import { createStore } from "./store.ts";
import { shapeTokenResponse } from "./token-response.ts";
import { createTokens } from "./tokens.ts";
import { userInfo } from "./user-info.ts";

export interface Issuer {
  /** Answers a request for a URL below the issuer's, which it rewrites in `request.url`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * An OpenID Connect issuer in the place of a user pool, for development: it signs anybody in under any
 * username, with no password, and so serves nobody but this machine.
 * It has Amazon Cognito's endpoints and makes tokens with its claims.
 *
 * @param options.keyDirectory where the signing key and the refresh tokens are kept between runs;
 *   absent: in memory
 * @throws Error when a file in `keyDirectory` is not what it should be
 */
export async function createIssuer(options: {
  userPool: UserPoolModel;
  keyDirectory?: string;
  log: Log;
}): Promise<Issuer> {
  const { userPool, keyDirectory, log } = options;
  const fileOf = (name: string) => keyDirectory && join(keyDirectory, `${userPool.poolId}.${name}.json`);
  const signingKey = await loadSigningKey(fileOf("signing-key"));
  const tokens = await createTokens({ userPool, signingKey });
  const provider = createProvider({ userPool, signingKey, store: createStore(fileOf("refresh-tokens")) });

  async function route(ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<unknown> {
    const refusal = refuseUnlessLoopback(ctx.req);
    if (refusal !== undefined) return ctx.throw(403, refusal);
    if (ctx.path === PATHS.logout && ctx.method === "GET") return logout(ctx, { provider, userPool });
    if (ctx.path === PATHS.devTokens && ctx.method === "POST") return devTokens(ctx, { userPool, tokens });
    if (ctx.path === PATHS.userInfo) return userInfo(ctx, tokens);
    if (ctx.path.startsWith(`${PATHS.signIn}/`)) return signIn(ctx, provider);
    return next();
  }

  const logFault = (error: unknown) => log("identity", inspect(error));
  provider.use(explainErrors(logFault)).use(route).use(shapeTokenResponse(tokens));
  provider.on("server_error", (_ctx, error) => logFault(error));
  provider.silent = true;
  const answer = provider.callback();
  const mountPath = new URL(userPool.issuer).pathname;

  return {
    async handle(request, response) {
      const originalUrl = request.url ?? "";
      await answer(Object.assign(request, { originalUrl, url: originalUrl.slice(mountPath.length) }), response);
    },
  };
}
