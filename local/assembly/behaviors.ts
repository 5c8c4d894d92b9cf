import * as v from "valibot";
import type { BehaviorModel, EdgeFunctionModel, OriginModel, ResponseHeadersModel } from "../model.ts";
import { AssemblyError } from "./assembly-error.ts";
import { text, withoutLocalEffect } from "./properties.ts";
import type { Resource } from "./template.ts";

const BEHAVIOR = {
  TargetOriginId: text,
  AllowedMethods: v.optional(v.array(text), ["GET", "HEAD"]),
  CachePolicyId: text,
  OriginRequestPolicyId: v.optional(text),
  ResponseHeadersPolicyId: v.optional(text),
  FunctionAssociations: v.optional(
    v.array(v.strictObject({ EventType: v.picklist(["viewer-request", "viewer-response"]), FunctionARN: text })),
    [],
  ),
  // Locally nothing is encrypted, compressed or cached.
  ...withoutLocalEffect("CachedMethods", "Compress", "ViewerProtocolPolicy"),
};
export const BehaviorSchema = v.strictObject({ ...BEHAVIOR, PathPattern: text });
export const DefaultBehaviorSchema = v.strictObject(BEHAVIOR);

/** Source: CloudFront Developer Guide, "Use managed cache policies" and "Use managed origin request policies". */
const CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/** What a behavior can name. */
export interface Parts {
  distribution: Resource;
  origins: Map<string, OriginModel>;
  responseHeaders: Map<string, ResponseHeadersModel>;
  edgeFunctions: Map<string, EdgeFunctionModel>;
  webSocketApiIds: Set<string>;
}

/** @throws AssemblyError in the distribution's name for an unknown name, and for a policy behind which an API does not work */
export function readBehavior(behavior: v.InferOutput<typeof BehaviorSchema>, parts: Parts): BehaviorModel {
  const { PathPattern: pathPattern, ResponseHeadersPolicyId: policyId } = behavior;
  const refuse = (problem: string) => new AssemblyError(parts.distribution, `behavior ${pathPattern}: ${problem}`);
  const origin = parts.origins.get(behavior.TargetOriginId);
  if (origin === undefined)
    throw refuse(`expected an origin of the distribution, was given ${behavior.TargetOriginId}`);
  if (origin.kind === "api") {
    // With any other, CloudFront would answer from its cache, leave out what the API has to see, or name a wrong host.
    if (behavior.CachePolicyId !== CACHING_DISABLED)
      throw refuse("expected the cache policy CachingDisabled for an API");
    if (behavior.OriginRequestPolicyId !== ALL_VIEWER_EXCEPT_HOST_HEADER)
      throw refuse("expected the origin request policy AllViewerExceptHostHeader for an API");
    if (parts.webSocketApiIds.has(origin.apiId) && behavior.FunctionAssociations.length > 0)
      throw refuse("CloudFront Functions before a WebSocket API are not supported by the local runtime");
  }

  const responseHeaders = parts.responseHeaders.get(policyId ?? "");
  if (policyId !== undefined && responseHeaders === undefined)
    throw refuse(`expected a response headers policy of the stack, was given ${policyId}`);
  const functionFor = (eventType: string) => {
    const association = behavior.FunctionAssociations.find(({ EventType }) => EventType === eventType);
    if (association === undefined) return undefined;
    const found = parts.edgeFunctions.get(association.FunctionARN);
    if (found === undefined) throw refuse(`expected a function of the stack, was given ${association.FunctionARN}`);
    return found;
  };
  const viewerRequest = functionFor("viewer-request");
  const viewerResponse = functionFor("viewer-response");
  return {
    pathPattern,
    allowedMethods: behavior.AllowedMethods,
    origin,
    ...(responseHeaders && { responseHeaders }),
    ...(viewerRequest && { viewerRequest }),
    ...(viewerResponse && { viewerResponse }),
  };
}
