// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how Fn::Sub is written.
import { describe, expect, test } from "vitest";
import { type Changes, website } from "./website-template.ts";
import { BASE_URL, load, resource } from "./write-assembly.ts";

describe("distributions", () => {
  test("behaviors are in the order in which they are tried, with their origins", () => {
    const [distribution] = load(website()).distributions;
    expect(distribution).toMatchObject({
      path: "Shop/Web",
      errorResponses: [],
      behaviors: [
        { pathPattern: "/api/*", allowedMethods: ["GET", "HEAD"], origin: { kind: "api", originPath: "" } },
        { pathPattern: "*", origin: { kind: "bucket", originPath: "", objects: new Map() } },
      ],
    });
    expect(distribution).not.toHaveProperty("defaultRootObject");
  });

  test("functions, error responses, the root object and the paths of origins are taken", () => {
    const FunctionAssociations = [
      { EventType: "viewer-request", FunctionARN: { "Fn::GetAtt": ["Views", "FunctionARN"] } },
      { EventType: "viewer-response", FunctionARN: { Ref: "Views" } },
    ];
    const [distribution] = load(
      website({
        behavior: { FunctionAssociations, AllowedMethods: ["GET"] },
        bucketOrigin: { OriginPath: "/v1" },
        config: {
          DefaultRootObject: "index.html",
          CustomErrorResponses: [
            { ErrorCode: 403, ResponsePagePath: "/index.html", ResponseCode: 200, ErrorCachingMinTTL: 0 },
            { ErrorCode: "404", ResponsePagePath: "/none.html" },
            { ErrorCode: 500, ErrorCachingMinTTL: 0 },
          ],
        },
      }),
    ).distributions;
    const views = { path: "Shop/Views", code: "function handler({ request }) { return request; }" };
    expect(distribution?.behaviors[1]).toMatchObject({
      allowedMethods: ["GET"],
      origin: { originPath: "/v1" },
      viewerRequest: views,
      viewerResponse: views,
    });
    expect(distribution?.defaultRootObject).toBe("index.html");
    expect(distribution?.errorResponses).toEqual([
      { errorCode: 403, responseCode: 200, pagePath: "/index.html" },
      { errorCode: 404, responseCode: 404, pagePath: "/none.html" },
    ]);
  });

  test("a policy's headers are taken, with local addresses", () => {
    const policy = resource("Headers", "AWS::CloudFront::ResponseHeadersPolicy", {
      ResponseHeadersPolicyConfig: {
        Name: "Headers",
        CustomHeadersConfig: {
          Items: [{ Header: "X-Api", Value: { "Fn::GetAtt": "Api.ApiEndpoint" }, Override: false }],
        },
        RemoveHeadersConfig: { Items: [{ Header: "Server" }] },
        SecurityHeadersConfig: {
          FrameOptions: { FrameOption: "DENY", Override: true },
          ReferrerPolicy: { ReferrerPolicy: "no-referrer", Override: true },
          StrictTransportSecurity: { AccessControlMaxAgeSec: 60, Preload: true, Override: true },
          XSSProtection: { Protection: true, ModeBlock: true, Override: true },
        },
      },
    });
    const app = load(
      website({ behavior: { ResponseHeadersPolicyId: { Ref: "Headers" } }, others: { Headers: policy } }),
    );
    expect(app.distributions[0]?.behaviors[1]?.responseHeaders).toEqual({
      set: [
        { name: "x-frame-options", value: "DENY", override: true },
        { name: "referrer-policy", value: "no-referrer", override: true },
        { name: "strict-transport-security", value: "max-age=60; preload", override: true },
        { name: "x-xss-protection", value: "1; mode=block", override: true },
        { name: "x-api", value: BASE_URL, override: false },
      ],
      remove: ["Server"],
    });
  });

  test("its address is the local one, with each scheme and without", () => {
    const Value = {
      "Fn::Sub": "https://${Web.DomainName}/a wss://${Web.DomainName}/ws ${Web.DomainName} https://d0.cloudfront.net",
    };
    const { outputs } = load({ ...website(), Outputs: { All: { Value } } });
    expect(outputs.All).toBe("http://localhost:3000/a ws://localhost:3000/ws localhost:3000 https://d0.cloudfront.net");
  });

  const edge = [{ EventType: "origin-request", LambdaFunctionARN: "arn" }];
  const arn = "arn:aws:cloudfront::1:function/other";
  test.each<[string, Changes, string]>([
    [
      "Lambda@Edge",
      { behavior: { LambdaFunctionAssociations: edge } },
      "Web (AWS::CloudFront::Distribution): property DistributionConfig.DefaultCacheBehavior.LambdaFunctionAssociations is not supported",
    ],
    [
      "an origin that is neither bucket nor API",
      { apiOrigin: { DomainName: "example.com" } },
      "Web (AWS::CloudFront::Distribution): origin api: expected the domain name of a bucket or of an API of the stack, was given example.com",
    ],
    [
      "an API of another stack",
      { apiOrigin: { DomainName: "abc.execute-api.us-east-1.amazonaws.com" } },
      "origin api: expected the domain name of a bucket or of an API of the stack",
    ],
    [
      "a bucket that CloudFront may not read",
      { bucketOrigin: { OriginAccessControlId: undefined } },
      "origin bucket: expected an origin access control",
    ],
    [
      "an origin access identity",
      { bucketOrigin: { S3OriginConfig: { OriginAccessIdentity: "origin-access-identity/cloudfront/E1" } } },
      'OriginAccessIdentity: expected "", was given',
    ],
    [
      "headers for the origin",
      { apiOrigin: { OriginCustomHeaders: [] } },
      "Origins.1.OriginCustomHeaders is not supported",
    ],
    ["an origin's path that ends with a slash", { apiOrigin: { OriginPath: "/v1/" } }, "expected /path or nothing"],
    [
      "an API over http",
      { apiOrigin: { CustomOriginConfig: { OriginProtocolPolicy: "http-only" } } },
      'OriginProtocolPolicy: expected "https-only", was given "http-only"',
    ],
    [
      "an API behind a cache",
      { apiBehavior: { CachePolicyId: "658327ea-f89d-4fab-a63d-7e88639e58f6" } },
      "behavior /api/*: expected the cache policy CachingDisabled for an API",
    ],
    [
      "an API that sees no query string",
      { apiBehavior: { OriginRequestPolicyId: undefined } },
      "behavior /api/*: expected the origin request policy AllViewerExceptHostHeader for an API",
    ],
    [
      "an origin that is not there",
      { behavior: { TargetOriginId: "other" } },
      "behavior *: expected an origin of the distribution, was given other",
    ],
    [
      "a headers policy that is not of the stack",
      { behavior: { ResponseHeadersPolicyId: "67f7725c-6f97-4210-82d7-5512b31e9d03" } },
      "behavior *: expected a response headers policy of the stack",
    ],
    [
      "a function that is not of the stack",
      { behavior: { FunctionAssociations: [{ EventType: "viewer-request", FunctionARN: arn }] } },
      `behavior *: expected a function of the stack, was given ${arn}`,
    ],
    [
      "an older runtime",
      { function: { FunctionConfig: { Runtime: "cloudfront-js-1.0" } } },
      'Views (AWS::CloudFront::Function): property FunctionConfig.Runtime: expected "cloudfront-js-2.0"',
    ],
    [
      "a key value store",
      { function: { FunctionConfig: { Runtime: "cloudfront-js-2.0", KeyValueStoreAssociations: [] } } },
      "property FunctionConfig.KeyValueStoreAssociations is not supported",
    ],
    [
      "a function that is no script",
      { function: { FunctionCode: "import cf from 'cloudfront';" } },
      "Views (AWS::CloudFront::Function): property FunctionCode cannot be compiled as a script: SyntaxError",
    ],
    [
      "a function of more than 10 KB",
      { function: { FunctionCode: " ".repeat(10_241) } },
      "expected at most 10240 bytes",
    ],
    [
      "names of its own",
      { config: { Aliases: ["shop.example"] } },
      "property DistributionConfig.Aliases is not supported",
    ],
    [
      "an error page of an API",
      { config: { CustomErrorResponses: [{ ErrorCode: 404, ResponsePagePath: "/api/error" }] } },
      "error response 404: expected the path of an object in a bucket, was given /api/error",
    ],
    [
      "an HTTP API at the root to which no behavior leads",
      { config: { CacheBehaviors: [] } },
      "Shop/Api: has the base path /, as Shop/Web has; make it the origin of a behavior, or give it a named stage",
    ],
    [
      "a second distribution",
      { others: { Other: resource("Other", "AWS::CloudFront::Distribution", {}) } },
      "Other (AWS::CloudFront::Distribution): has the base path /, as Shop/Web",
    ],
    [
      "a bucket that is no origin",
      { others: { Files: resource("Files", "AWS::S3::Bucket", {}) } },
      "Files (AWS::S3::Bucket): is the origin of no behavior",
    ],
    [
      "a bucket that CloudFront may list",
      {
        others: {
          Policy: resource("Policy", "AWS::S3::BucketPolicy", {
            Bucket: { Ref: "Site" },
            PolicyDocument: {
              Statement: [
                {
                  Effect: "Allow",
                  Action: ["s3:GetObject", "s3:ListBucket"],
                  Principal: { Service: "cloudfront.amazonaws.com" },
                },
              ],
            },
          }),
        },
      },
      "Policy (AWS::S3::BucketPolicy): the right of CloudFront to list the bucket is not supported",
    ],
    [
      "a bucket that is a website itself",
      { others: { Files: resource("Files", "AWS::S3::Bucket", { WebsiteConfiguration: {} }) } },
      "Files (AWS::S3::Bucket): property WebsiteConfiguration is not supported",
    ],
    [
      "a custom resource that is not known",
      { others: { Seed: resource("Seed", "Custom::Seed", {}) } },
      "Seed (Custom::Seed): the resource type is not supported",
    ],
  ])("%s is refused", (_, changes, problem) => {
    expect(() => load(website(changes))).toThrow(problem);
  });

  test("a function before a WebSocket API is refused", () => {
    const others = {
      Api: resource("Api", "AWS::ApiGatewayV2::Api", {
        ProtocolType: "WEBSOCKET",
        RouteSelectionExpression: "$request.body.action",
      }),
    };
    const FunctionAssociations = [{ EventType: "viewer-request", FunctionARN: { Ref: "Views" } }];
    expect(() => load(website({ others, apiBehavior: { FunctionAssociations } }))).toThrow(
      "behavior /api/*: CloudFront Functions before a WebSocket API are not supported",
    );
  });
});
