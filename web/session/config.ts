/** What the page has to know of where it is served: `/config.json`, which comes with the deployment. */
export interface WebConfig {
  /** The `iss` of the tokens; its `/.well-known/openid-configuration` names the rest. */
  issuer: string;
  clientId: string;
  /** The claim of the access token that holds the username. */
  usernameClaim: string;
  /** The scopes that are asked for, with spaces between. */
  scope: string;
  /** Where an issuer ends its session by `?client_id&logout_uri`, as Cognito does. Default: as its discovery says. */
  logoutUrl?: string;
  /** Sent with the request to sign in, as `audience` where an issuer wants it. */
  authorizationParameters?: Record<string, string>;
}

const TEXTS = ["issuer", "clientId", "usernameClaim", "scope"] as const;

/** Rejects with an `Error` that says what is wrong with it. */
export async function loadConfig(get: typeof fetch = fetch): Promise<WebConfig> {
  const response = await get("/config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`/config.json was answered ${response.status}.`);
  const config: unknown = await response.json().catch((cause: unknown) => {
    throw new Error("/config.json is not JSON.", { cause });
  });
  const given = (typeof config === "object" && config !== null ? config : {}) as Record<string, unknown>;
  for (const name of TEXTS)
    if (typeof given[name] !== "string" || given[name] === "") throw new Error(`/config.json has no ${name}.`);
  return given as unknown as WebConfig;
}
