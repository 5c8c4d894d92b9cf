import type { KoaContextWithOIDC } from "oidc-provider";
import * as v from "valibot";
import type { UserPoolModel } from "../model.ts";
import { readBody } from "./request-body.ts";
import type { Tokens } from "./tokens.ts";
import { parseUsername } from "./username.ts";

const USERNAMES_MAX = 100;

const Username = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseUsername(dataset.value);
    if ("username" in parsed) return parsed.username;
    addIssue({ message: parsed.problem });
    return NEVER;
  }),
);

const Order = v.strictObject({
  usernames: v.pipe(v.array(Username), v.minLength(1), v.maxLength(USERNAMES_MAX)),
  clientId: v.optional(v.string()),
  lifetimeSeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

/**
 * `POST /dev/tokens`: access tokens without a browser, for the command line and for tests.
 * The body `{ "usernames": ["alice"], "clientId"?, "lifetimeSeconds"? }` names 1 to 100 users, a client
 * (the first one unless told) and a lifetime of at most the client's, which is what it is unless told.
 * Answers `{ "accessTokens": ["…"] }` in the order asked; their claims are those of a sign-in now.
 */
export async function devTokens(
  ctx: KoaContextWithOIDC,
  { userPool, tokens }: { userPool: UserPoolModel; tokens: Tokens },
): Promise<void> {
  // A web page elsewhere can post a form to this machine, but JSON only if we allow it by CORS.
  if (!ctx.is("application/json")) return ctx.throw(415, "The body must have the content type application/json.");
  const { usernames, clientId, lifetimeSeconds } = parseOrder(ctx, await readBody(ctx));

  const client = clientId ? userPool.clients.find((each) => each.clientId === clientId) : userPool.clients[0];
  if (client === undefined) return ctx.throw(400, `clientId: this user pool has no client "${clientId ?? ""}".`);
  const lifetimeSecondsMax = client.accessTokenValiditySeconds;
  if (lifetimeSeconds !== undefined && lifetimeSeconds > lifetimeSecondsMax) {
    return ctx.throw(400, `lifetimeSeconds: at most ${lifetimeSecondsMax} with this client, not ${lifetimeSeconds}.`);
  }

  const grant = {
    clientId: client.clientId,
    scope: client.scopes.join(" "),
    authTimeSeconds: Math.floor(Date.now() / 1000),
    lifetimeSeconds: lifetimeSeconds ?? lifetimeSecondsMax,
  };
  ctx.body = {
    accessTokens: await Promise.all(usernames.map((username) => tokens.signAccessToken({ ...grant, username }))),
  };
}

function parseOrder(ctx: KoaContextWithOIDC, body: string): v.InferOutput<typeof Order> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Order), body);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  return ctx.throw(400, `${v.getDotPath(issue) ?? "body"}: ${issue.message}`);
}
