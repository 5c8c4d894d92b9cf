import type { IncomingHttpHeaders } from "node:http";
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { JwtAuthorizerModel } from "../model.ts";

/** What the function finds under `requestContext.authorizer.jwt` (floci-io/floci, pull 2011). */
export interface AuthorizedToken {
  claims: Record<string, string>;
  /** Every scope of the token; null where the route asks for none. */
  scopes: string[] | null;
}

export type Authorization =
  | { outcome: "authorized"; token: AuthorizedToken }
  /** `challenge` is the `www-authenticate` header; `reason` is for the log, and absent when no token came. */
  | { outcome: "unauthorized"; challenge: string; reason?: string }
  | { outcome: "forbidden"; reason: string };

export interface Credentials {
  headers: IncomingHttpHeaders;
  rawQueryString: string;
}

/** Decides on one request; `scopes` are the route's. Never rejects: whatever fails denies. */
export type JwtAuthorizer = (credentials: Credentials, scopes: string[]) => Promise<Authorization>;

const IDENTITY_SOURCE = /^\$request\.(header|querystring)\.(.+)$/;
/** "Control access to HTTP APIs with JWT authorizers": only RSA-based algorithms are supported. */
const RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/**
 * The JWT authorizer of an HTTP API: signature and `kid` against the issuer's keys, then `iss`, `aud` (or, only where
 * there is none, `client_id`), `exp`, `nbf` and `iat`, with no leeway; then at least one of the route's scopes.
 * A token without `exp` or `kid` is refused too, which the API Gateway guide implies but doesn't say.
 *
 * Throws when an identity source is neither a header nor a query parameter.
 */
export function createJwtAuthorizer(model: JwtAuthorizerModel, keys: JWTVerifyGetKey): JwtAuthorizer {
  const findToken = createTokenFinder(model.identitySources);

  async function verify(token: string): Promise<JWTPayload> {
    if (token.split(".").length !== 3) throw new Error("token contains an invalid number of segments");
    const key: JWTVerifyGetKey = (header, jws) => {
      if (typeof header.kid !== "string") throw new Error("the token does not name its key");
      return keys(header, jws);
    };
    const { payload } = await jwtVerify(token, key, {
      algorithms: RSA_ALGORITHMS,
      issuer: model.issuer,
      requiredClaims: ["exp"],
    });
    const audiences: unknown[] = [payload.aud ?? payload.client_id].flat();
    if (!model.audience.some((audience) => audiences.includes(audience))) {
      throw new Error("the token does not have a valid audience");
    }
    if (payload.iat !== undefined && payload.iat > Math.floor(Date.now() / 1000)) {
      throw new Error("the token was issued in the future");
    }
    return payload;
  }

  return async (credentials, scopes) => {
    const token = findToken(credentials);
    if (token === undefined) return { outcome: "unauthorized", challenge: "Bearer" };
    let payload: JWTPayload;
    try {
      payload = await verify(token);
    } catch (error) {
      return { outcome: "unauthorized", challenge: challenge(error, scopes), reason: reasonOf(error) };
    }
    const granted = [payload.scope, payload.scp].flatMap(scopeList);
    if (scopes.length > 0 && !scopes.some((scope) => granted.includes(scope))) {
      return { outcome: "forbidden", reason: `the token has none of the scopes ${scopes.join(", ")}` };
    }
    return {
      outcome: "authorized",
      token: { claims: claimTexts(payload), scopes: scopes.length > 0 ? granted : null },
    };
  };
}

/** The token of the first source that has one, without the word `Bearer`. */
function createTokenFinder(identitySources: string[]) {
  const sources = identitySources.map((source) => {
    const [, place, name] = IDENTITY_SOURCE.exec(source) ?? [];
    if (place === undefined || name === undefined) {
      throw new Error(
        `JWT authorizer: expected an identity source "$request.header.name" or "$request.querystring.name", got "${source}"`,
      );
    }
    return { place, name };
  });
  return ({ headers, rawQueryString }: Credentials): string | undefined => {
    const query = new URLSearchParams(rawQueryString);
    const values = sources.map(({ place, name }) =>
      place === "header" ? headers[name.toLowerCase()] : query.get(name),
    );
    const value = values.find((candidate) => typeof candidate === "string" && candidate.trim() !== "");
    return value
      ?.toString()
      .trim()
      .replace(/^Bearer\s+/i, "");
  };
}

/** "Troubleshooting issues with HTTP API JWT authorizers" shows the form; most of its texts are not published. */
function challenge(error: unknown, scopes: string[]): string {
  const description = describe(error).replace(/[^\x20-\x7e]|["\\]/g, "'");
  return `Bearer scope="${scopes.join(" ")}" error="invalid_token" error_description="${description}"`;
}

function describe(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  return error instanceof Error ? error.message : String(error);
}

/** The whole chain, down to `connect ECONNREFUSED 127.0.0.1:3000`, for whoever looks for the fault. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : "";
  return describe(error) + cause;
}

/** Issuers write scopes as one string or as a list. */
function scopeList(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ").filter((scope) => scope !== "");
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === "string") : [];
}

function claimTexts(payload: JWTPayload): Record<string, string> {
  const present = Object.entries(payload).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([name, value]) => [name, claimText(value)]));
}

/** Every claim is handed over as a string: `5`, `true`, `[admin poweruser]`, `{"a":1}`. */
function claimText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(claimText).join(" ")}]`;
  return JSON.stringify(value);
}
