// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how Fn::Sub is written.
import { resource } from "./write-assembly.ts";

const POLICY_IDS = {
  CachePolicyId: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
  OriginRequestPolicyId: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
};

export interface Changes {
  config?: object;
  behavior?: object;
  apiBehavior?: object;
  bucketOrigin?: object;
  apiOrigin?: object;
  function?: object;
  others?: object;
}

/** A distribution before a bucket and an HTTP API, and what a test changes about it. */
export function website({ others, ...changes }: Changes = {}): { Resources: Record<string, object> } {
  const Origins = [
    {
      Id: "bucket",
      DomainName: { "Fn::GetAtt": "Site.RegionalDomainName" },
      OriginAccessControlId: "oac",
      S3OriginConfig: { OriginAccessIdentity: "" },
      ...changes.bucketOrigin,
    },
    {
      Id: "api",
      DomainName: { "Fn::Sub": "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}" },
      CustomOriginConfig: { OriginProtocolPolicy: "https-only" },
      ...changes.apiOrigin,
    },
  ];
  return {
    Resources: {
      Site: resource("Site", "AWS::S3::Bucket", {}),
      Api: resource("Api", "AWS::ApiGatewayV2::Api", { ProtocolType: "HTTP" }),
      Stage: resource("Stage", "AWS::ApiGatewayV2::Stage", { ApiId: { Ref: "Api" }, StageName: "$default" }),
      Views: resource("Views", "AWS::CloudFront::Function", {
        FunctionCode: "function handler({ request }) { return request; }",
        FunctionConfig: { Runtime: "cloudfront-js-2.0" },
        ...changes.function,
      }),
      Web: resource("Web", "AWS::CloudFront::Distribution", {
        DistributionConfig: {
          Enabled: true,
          Origins,
          DefaultCacheBehavior: { TargetOriginId: "bucket", CachePolicyId: "any", ...changes.behavior },
          CacheBehaviors: [{ PathPattern: "/api/*", TargetOriginId: "api", ...POLICY_IDS, ...changes.apiBehavior }],
          ...changes.config,
        },
      }),
      ...others,
    },
  };
}
