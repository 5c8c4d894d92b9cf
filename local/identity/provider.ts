import type { Adapter, ClientMetadata, KoaContextWithOIDC } from "oidc-provider";
import { Provider } from "oidc-provider/lib/provider.js";
import type { UserPoolClientModel, UserPoolModel } from "../model.ts";
import { explain } from "./explain-errors.ts";
import { loopbackVariants } from "./loopback.ts";
import { PATHS } from "./paths.ts";
import type { SigningKey } from "./signing-key.ts";

// "Managed login sets session cookies that are valid for 1 hour" ("Understanding the identity (ID)
// token" in Amazon Cognito's developer guide); a code is valid for five minutes ("Token endpoint").
const SESSION_LIFETIME_SECONDS = 60 * 60;
const CODE_LIFETIME_SECONDS = 5 * 60;
const SIGN_IN_LIFETIME_SECONDS = 60 * 60;

const STANDARD_SCOPES = ["openid", "email", "phone", "profile"];

/**
 * An oidc-provider set up as a user pool with public clients: authorization code with PKCE, with each
 * code a refresh token that is never rotated, and no consent asked. Its accounts are usernames, any
 * of which exists; `token-response.ts` puts a user pool's tokens in the place of its own.
 * Every function that would fall back on a default that prints a notice is given.
 */
export function createProvider(options: {
  userPool: UserPoolModel;
  signingKey: SigningKey;
  store: (model: string) => Adapter;
}): Provider {
  const { issuer, clients } = options.userPool;
  const cookies = { httpOnly: true, sameSite: "lax" as const };
  const mountPath = new URL(issuer).pathname;

  function clientOf(token: { clientId?: string | undefined }): UserPoolClientModel {
    const client = clients.find(({ clientId }) => clientId === token.clientId);
    if (client === undefined) throw new Error(`${options.userPool.path} has no client ${token.clientId}`);
    return client;
  }

  return new Provider(issuer, {
    adapter: options.store,
    jwks: { keys: [options.signingKey] },
    clients: clients.map(toClientMetadata),
    // A scope that is not even named here would be ignored, where a user pool refuses it.
    scopes: [...STANDARD_SCOPES, ...clients.flatMap((client) => client.scopes)],
    claims: { openid: ["sub", "auth_time"] },
    cookies: { long: { ...cookies, path: mountPath }, short: cookies },
    clientAuthMethods: ["none"],
    responseTypes: ["code"],
    routes: {
      authorization: PATHS.authorize,
      token: PATHS.token,
      revocation: PATHS.revoke,
      jwks: PATHS.jwks,
      end_session: PATHS.logout,
    },
    discovery: { userinfo_endpoint: issuer + PATHS.userInfo, end_session_endpoint: issuer + PATHS.logout },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
    },
    ttl: {
      AccessToken: (_ctx, token) => clientOf(token).accessTokenValiditySeconds,
      IdToken: (_ctx, _token, client) => clientOf(client).accessTokenValiditySeconds,
      RefreshToken: (_ctx, token) => clientOf(token).refreshTokenValiditySeconds,
      Grant: (_ctx, grant) => clientOf(grant).refreshTokenValiditySeconds,
      AuthorizationCode: CODE_LIFETIME_SECONDS,
      Interaction: SIGN_IN_LIFETIME_SECONDS,
      Session: SESSION_LIFETIME_SECONDS,
    },
    interactions: { url: (_ctx, interaction) => `${mountPath}${PATHS.signIn}/${interaction.uid}` },
    clientBasedCORS: (_ctx, origin, client) =>
      (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    expiresWithSession: async () => false,
    issueRefreshToken: async () => true,
    rotateRefreshToken: false,
    findAccount: (_ctx, username) => ({ accountId: username, claims: () => ({ sub: username }) }),
    loadExistingGrant: grantWhatIsAsked,
    renderError: (ctx, _out, error) =>
      explain(ctx, ("error_description" in error && error.error_description) || error.message),
  });
}

function toClientMetadata(client: UserPoolClientModel): ClientMetadata {
  return {
    client_id: client.clientId,
    redirect_uris: client.callbackUrls.flatMap(loopbackVariants),
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    scope: client.scopes.join(" "),
  };
}

/** A grant of its own for each sign-in, so that revoking one device's refresh token leaves the others. */
async function grantWhatIsAsked(ctx: KoaContextWithOIDC) {
  const { provider, client, account, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client?.clientId, accountId: account?.accountId });
  grant.addOIDCScope(String(params?.scope ?? ""));
  await grant.save();
  return grant;
}
