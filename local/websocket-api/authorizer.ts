import * as v from "valibot";
import type { WebSocketApiModel } from "../model.ts";
import { authorizerEvent, type Handshake } from "./events.ts";
import type { Gateway } from "./gateway.ts";
import { type Fault, invokeWithin } from "./integration.ts";
import { AUTHORIZER_RESULT_BYTES_MAX, AUTHORIZER_TIMEOUT_MS } from "./limits.ts";

export type Authorization = { ok: true; context: Record<string, string> } | Fault;

const OneOrMore = v.union([v.string(), v.array(v.string())]);

/** `Condition`, `NotAction` and `NotResource` are not understood, so a policy that leans on them is refused. */
const Statement = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(["Allow", "Deny"]),
  Action: OneOrMore,
  Resource: OneOrMore,
});

const AuthorizerResult = v.object({
  principalId: v.string(),
  policyDocument: v.object({ Statement: v.union([Statement, v.array(Statement)]) }),
  context: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});

/**
 * The Lambda REQUEST authorizer of `$connect`, by "Control access to WebSocket APIs with AWS Lambda REQUEST
 * authorizers". The context's values become strings. Throws if an identity source is neither a header nor a query
 * parameter.
 */
export function createAuthorizer(
  gateway: Gateway,
  { functionArn, identitySources }: NonNullable<WebSocketApiModel["authorizer"]>,
): (handshake: Handshake) => Promise<Authorization> {
  const sources = identitySources.map(parseIdentitySource);
  const [, partition, , region, account] = functionArn.split(":");
  const { apiId, stage } = gateway.model;
  const methodArn = `arn:${partition}:execute-api:${region}:${account}:${apiId}/${stage}/$connect`;
  const broken = (why: string): Fault => {
    gateway.log(`$connect authorizer: ${why}`);
    return { ok: false, statusCode: 500, message: "Internal server error" };
  };

  return async (handshake) => {
    if (!sources.every((read) => read(handshake))) return UNAUTHORIZED;

    const event = authorizerEvent(gateway, handshake, methodArn);
    const invocation = await invokeWithin(AUTHORIZER_TIMEOUT_MS, gateway.invoke(functionArn, event));
    if (invocation.outcome === "failed" && invocation.errorMessage === "Unauthorized") return UNAUTHORIZED;
    if (invocation.outcome !== "returned") return broken(`the function's call ended as "${invocation.outcome}"`);

    const bytes = Buffer.byteLength(JSON.stringify(invocation.payload) ?? "");
    if (bytes > AUTHORIZER_RESULT_BYTES_MAX) {
      return broken(`the result must have at most ${AUTHORIZER_RESULT_BYTES_MAX} bytes; it has ${bytes}`);
    }
    const parsed = v.safeParse(AuthorizerResult, invocation.payload);
    if (!parsed.success) return broken(`not an authorizer's result: ${v.summarize(parsed.issues)}`);

    const { principalId, policyDocument, context = {} } = parsed.output;
    if (!allows([policyDocument.Statement].flat(), methodArn)) return FORBIDDEN;
    const values = Object.entries(context).map(([name, value]) => [name, String(value)]);
    return { ok: true, context: { ...Object.fromEntries(values), principalId } };
  };
}

const UNAUTHORIZED: Fault = { ok: false, statusCode: 401, message: "Unauthorized" };
const FORBIDDEN: Fault = { ok: false, statusCode: 403, message: "Forbidden" };

/** `route.request.header.Authorization` or `route.request.querystring.token`, as its value in a handshake. */
function parseIdentitySource(source: string): (handshake: Handshake) => string | null | undefined {
  const [, place, name = ""] = /^route\.request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (place === "querystring") return ({ query }) => query.get(name);
  if (place === "header") {
    const wanted = name.toLowerCase();
    return ({ fields }) => fields.find(([field]) => field.toLowerCase() === wanted)?.[1];
  }
  throw new Error(
    `an identity source must be route.request.header.NAME or route.request.querystring.NAME; it is ${source}`,
  );
}

/** As IAM decides: any matching Deny refuses, otherwise a matching Allow is needed. Actions ignore case. */
function allows(statements: v.InferOutput<typeof Statement>[], methodArn: string): boolean {
  const matching = statements.filter(
    ({ Action, Resource }) =>
      [Action].flat().some((action) => wildcard(action, "i").test("execute-api:Invoke")) &&
      [Resource].flat().some((resource) => wildcard(resource).test(methodArn)),
  );
  return matching.some(({ Effect }) => Effect === "Allow") && matching.every(({ Effect }) => Effect === "Allow");
}

/** `*` is any run of characters and `?` any one of them. */
function wildcard(pattern: string, flags = ""): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, flags);
}
