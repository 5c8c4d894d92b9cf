import * as v from "valibot";
import type { DistributionModel, HttpApiModel } from "../model.ts";
import { findBehavior } from "../website/find-behavior.ts";
import { AssemblyError, refuseRepeats } from "./assembly-error.ts";
import { BehaviorSchema, DefaultBehaviorSchema, readBehavior } from "./behaviors.ts";
import { type Bucket, readBuckets } from "./buckets.ts";
import { readEdgeFunctions } from "./edge-functions.ts";
import { OriginSchema, readOrigin } from "./origins.ts";
import { only, text, within, withoutLocalEffect } from "./properties.ts";
import { readResponseHeaders } from "./response-headers.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

const DistributionSchema = v.strictObject({
  DistributionConfig: v.strictObject({
    Enabled: only(true),
    DefaultRootObject: v.optional(text),
    Origins: v.array(OriginSchema),
    DefaultCacheBehavior: DefaultBehaviorSchema,
    CacheBehaviors: v.optional(v.array(BehaviorSchema), []),
    CustomErrorResponses: v.optional(
      v.array(
        v.strictObject({
          ErrorCode: within(400, 599),
          ResponseCode: v.optional(within(200, 599)),
          ResponsePagePath: v.optional(v.pipe(text, v.startsWith("/", "expected a path"))),
          ...withoutLocalEffect("ErrorCachingMinTTL"),
        }),
      ),
      [],
    ),
    ...withoutLocalEffect("Comment", "HttpVersion", "IPV6Enabled", "Logging", "PriceClass"),
  }),
  ...withoutLocalEffect("Tags"),
});

/** @throws AssemblyError also for a second distribution, and for a bucket that no distribution serves. */
export function readDistributions(stack: Stack, assetDirectories: Map<string, string>): DistributionModel[] {
  const distributions = stack.resources("AWS::CloudFront::Distribution");
  refuseRepeats(distributions, () => "the base path /");
  const buckets = readBuckets(stack, assetDirectories);
  const responseHeaders = readResponseHeaders(stack);
  const edgeFunctions = readEdgeFunctions(stack);
  const apis = stack.resources("AWS::ApiGatewayV2::Api");
  const webSocketApis = apis.filter((api) => stack.text(api, "ProtocolType") === "WEBSOCKET");
  const webSocketApiIds = new Set(webSocketApis.map((api) => stack.identity(api).ref));

  const models = distributions.map((distribution) => {
    const { DistributionConfig: config } = stack.properties(distribution, DistributionSchema);
    const origins = new Map(
      config.Origins.map((origin) => [origin.Id, readOrigin(stack, { distribution, buckets }, origin)]),
    );
    const parts = { distribution, origins, responseHeaders, edgeFunctions, webSocketApiIds };
    const behaviors = [...config.CacheBehaviors, { ...config.DefaultCacheBehavior, PathPattern: "*" }];
    const { ref: distributionId, attributes } = stack.identity(distribution);
    const model: DistributionModel = {
      path: distribution.path,
      distributionId,
      domainName: attributes.DomainName ?? "",
      ...(config.DefaultRootObject && { defaultRootObject: config.DefaultRootObject }),
      behaviors: behaviors.map((behavior) => readBehavior(behavior, parts)),
      errorResponses: config.CustomErrorResponses.flatMap(({ ErrorCode, ResponseCode, ResponsePagePath: pagePath }) =>
        pagePath === undefined ? [] : [{ errorCode: ErrorCode, responseCode: ResponseCode ?? ErrorCode, pagePath }],
      ),
    };
    refusePagesOfApis(distribution, model);
    return model;
  });
  refuseUnserved(buckets, models);
  return models;
}

function refusePagesOfApis(distribution: Resource, { behaviors, errorResponses }: DistributionModel): void {
  for (const { errorCode, pagePath } of errorResponses)
    if (findBehavior(behaviors, pagePath).origin.kind === "api") {
      throw new AssemblyError(
        distribution,
        `error response ${errorCode}: expected the path of an object in a bucket, was given ${pagePath}`,
      );
    }
}

/** There is no S3 locally, so a bucket that functions read or write would be the one of AWS. */
function refuseUnserved(buckets: Bucket[], distributions: DistributionModel[]): void {
  const served = new Set(
    distributions.flatMap(({ behaviors }) =>
      behaviors.flatMap(({ origin }) => (origin.kind === "bucket" ? [origin.objects] : [])),
    ),
  );
  for (const { resource, objects } of buckets)
    if (!served.has(objects))
      throw new AssemblyError(resource, "is the origin of no behavior, so it is served nowhere");
}

/** @throws AssemblyError for an HTTP API at the root, where the distribution is, to which no behavior leads. */
export function refuseHiddenApis(httpApis: HttpApiModel[], distributions: DistributionModel[]): void {
  for (const { path, stage, apiId } of httpApis)
    for (const { path: distributionPath, behaviors } of distributions) {
      const isOrigin = behaviors.some(({ origin }) => origin.kind === "api" && origin.apiId === apiId);
      if (stage !== "$default" || isOrigin) continue;
      throw new AssemblyError(
        { path },
        `has the base path /, as ${distributionPath} has; make it the origin of a behavior, or give it a named stage`,
      );
    }
}
