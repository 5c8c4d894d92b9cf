/**
 * Where an issuer answers, below its own URL. All but the last are Amazon Cognito's own ("User pool
 * federation endpoints" and "Managed login endpoints reference" in its developer guide).
 */
export const PATHS = {
  authorize: "/oauth2/authorize",
  token: "/oauth2/token",
  revoke: "/oauth2/revoke",
  userInfo: "/oauth2/userInfo",
  jwks: "/.well-known/jwks.json",
  signIn: "/login",
  logout: "/logout",
  devTokens: "/dev/tokens",
} as const;

/** Below the root of the system: which issuers there are. */
export const ISSUER_LIST_PATH = "/_local/issuer";
