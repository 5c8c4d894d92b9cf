import * as v from "valibot";
import type { ApiParts } from "./api-parts.ts";
import { AssemblyError } from "./assembly-error.ts";
import { callableFunctions } from "./custom-resources.ts";
import { functionArn } from "./identities.ts";
import { only, type PropertiesSchema, text, within, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** The function that a route invokes. */
export interface Target {
  functionArn: string;
  timeoutMs: number;
}

/** Source: API Gateway Developer Guide, the quotas of HTTP APIs and of WebSocket APIs. */
const HTTP_TIMEOUT_MS_MAX = 30_000;
const WEBSOCKET_TIMEOUT_MS_MAX = 29_000;
const TIMEOUT_MS_MIN = 50;

const SERVED = {
  ApiId: text,
  IntegrationType: v.literal("AWS_PROXY"),
  IntegrationUri: text,
  ConnectionType: only("INTERNET"),
  // A proxy integration is always posted, takes every body, and needs no right locally.
  ...withoutLocalEffect("CredentialsArn", "Description", "IntegrationMethod", "PassthroughBehavior"),
};

const INTEGRATION_SCHEMAS = {
  HTTP: v.strictObject({
    ...SERVED,
    PayloadFormatVersion: v.literal("2.0"),
    TimeoutInMillis: timeoutMs(HTTP_TIMEOUT_MS_MAX),
  }),
  WEBSOCKET: v.strictObject({
    ...SERVED,
    PayloadFormatVersion: only("1.0"),
    TimeoutInMillis: timeoutMs(WEBSOCKET_TIMEOUT_MS_MAX),
  }),
} satisfies Record<ApiParts["protocol"], PropertiesSchema>;

/** The limit is also the default. */
function timeoutMs(limitMs: number) {
  return v.optional(within(TIMEOUT_MS_MIN, limitMs), limitMs);
}

/** Reads all integrations of an API, and gives the target that a route's `Target` names. */
export function readTargets(stack: Stack, { protocol, integrations }: ApiParts): (route: Resource) => Target {
  const targets = new Map(
    integrations.map((integration): [string, Target] => {
      const { IntegrationUri: uri, TimeoutInMillis } = stack.properties(integration, INTEGRATION_SCHEMAS[protocol]);
      const target = { functionArn: functionArnOf(stack, integration, uri), timeoutMs: TimeoutInMillis };
      return [`integrations/${stack.identity(integration).ref}`, target];
    }),
  );

  return (route) => {
    const name = stack.text(route, "Target");
    const target = targets.get(name);
    if (target) return target;
    throw new AssemblyError(
      route,
      `property Target: expected integrations/ and an integration of its API, was given ${name}`,
    );
  };
}

/** An HTTP API names the function's ARN; a WebSocket API and an authorizer, the path by which Lambda invokes it. */
const FUNCTION_URI =
  /^(?:arn:[^/]+:lambda:path\/2015-03-31\/functions\/)?(arn:[^/]+:function:[^/]+?)(?:\/invocations)?$/;

/** @throws AssemblyError when the URI does not name a function of the stack. */
export function functionArnOf(stack: Stack, subject: Resource, uri: string): string {
  const [, arn] = FUNCTION_URI.exec(uri) ?? [];
  const known = callableFunctions(stack).some((resource) => functionArn(stack.identity(resource).ref) === arn);
  if (arn !== undefined && known) return arn;
  throw new AssemblyError(subject, `has to invoke a function of the stack, was given the URI ${uri}`);
}
