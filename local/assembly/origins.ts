import * as v from "valibot";
import type { OriginModel } from "../model.ts";
import { AssemblyError } from "./assembly-error.ts";
import type { Bucket } from "./buckets.ts";
import { text, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

export const OriginSchema = v.strictObject({
  Id: text,
  DomainName: text,
  OriginPath: v.optional(v.pipe(text, v.regex(/^(?:\/.*[^/])?$/, "expected /path or nothing")), ""),
  OriginAccessControlId: v.optional(text),
  S3OriginConfig: v.optional(
    v.strictObject({
      OriginAccessIdentity: v.optional(v.literal(""), ""),
      ...withoutLocalEffect("OriginReadTimeout"),
    }),
  ),
  CustomOriginConfig: v.optional(
    v.strictObject({
      // An API of API Gateway answers nothing else.
      OriginProtocolPolicy: v.literal("https-only"),
      ...withoutLocalEffect(
        "HTTPPort",
        "HTTPSPort",
        "IpAddressType",
        "OriginKeepaliveTimeout",
        "OriginReadTimeout",
        "OriginSSLProtocols",
      ),
    }),
  ),
  ...withoutLocalEffect("ConnectionAttempts", "ConnectionTimeout", "OriginShield", "ResponseCompletionTimeout"),
});

/** Source: API Gateway Developer Guide, "Default endpoint". */
const API_DOMAIN = /^([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com$/;

/** @throws AssemblyError in the distribution's name for an origin that is neither a bucket nor an API of the stack. */
export function readOrigin(
  stack: Stack,
  { distribution, buckets }: { distribution: Resource; buckets: readonly Bucket[] },
  origin: v.InferOutput<typeof OriginSchema>,
): OriginModel {
  const { Id: id, DomainName: domainName, OriginPath: originPath } = origin;
  const bucket = buckets.find(({ resource }) => {
    const { DomainName, RegionalDomainName } = stack.identity(resource).attributes;
    return domainName === DomainName || domainName === RegionalDomainName;
  });
  if (bucket) {
    // Without it S3 would refuse every request of CloudFront.
    if (origin.OriginAccessControlId !== undefined) return { kind: "bucket", originPath, objects: bucket.objects };
    throw new AssemblyError(distribution, `origin ${id}: expected an origin access control (OriginAccessControlId)`);
  }
  const [, apiId] = API_DOMAIN.exec(domainName) ?? [];
  const apis = stack.resources("AWS::ApiGatewayV2::Api").map((api) => stack.identity(api).ref);
  if (apiId !== undefined && apis.includes(apiId)) return { kind: "api", originPath, apiId };
  throw new AssemblyError(
    distribution,
    `origin ${id}: expected the domain name of a bucket or of an API of the stack, was given ${domainName}`,
  );
}
