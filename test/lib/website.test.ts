import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, RemovalPolicy } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { DuetStack } from "../../lib/stack.ts";
import type { WebsiteProps } from "../../lib/website.ts";

const provider = { issuer: "https://login.example.com/realm", audience: "duet-api", usernameClaim: "sub" };

function synthesize(website: boolean | WebsiteProps = true, more: object = {}) {
  const outdir = mkdtempSync(join(tmpdir(), "duet-website-test-"));
  const template = Template.fromStack(new DuetStack(new App({ outdir }), "Duet", { website, ...more }));
  const only = (type: string) => {
    const found = Object.entries(template.findResources(type));
    expect(found, type).toHaveLength(1);
    const [[id, { Properties }] = ["", { Properties: {} }]] = found;
    return { id, ...Properties };
  };
  /** `config.json`, where nothing in it comes from a resource. */
  const config = (): unknown => {
    const paths = readdirSync(outdir).map((name) => join(outdir, name, "config.json"));
    const [path = "", ...more] = paths.filter(existsSync);
    expect(more).toEqual([]);
    return JSON.parse(readFileSync(path, "utf8"));
  };
  const all = (type: string) => Object.values(template.findResources(type));
  return { only, all, config, json: template.toJSON() };
}

describe("the website", { timeout: 120_000 }, () => {
  test("comes from a private bucket, and both APIs from behind the same name", () => {
    const { only } = synthesize();
    const bucket = only("AWS::S3::Bucket");
    expect(Object.values(bucket.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    const { DistributionConfig: config } = only("AWS::CloudFront::Distribution");
    expect(config).toMatchObject({ DefaultRootObject: "index.html", HttpVersion: "http2and3", Enabled: true });
    expect(config.Aliases).toBeUndefined();
    expect(config.CustomErrorResponses).toBeUndefined();
    const behaviors = config.CacheBehaviors.map(({ PathPattern, ViewerProtocolPolicy, AllowedMethods }: never) => [
      PathPattern,
      ViewerProtocolPolicy,
      (AllowedMethods as string[]).length,
    ]);
    expect(behaviors).toEqual([
      ["/api/*", "https-only", 7],
      ["/ws", "https-only", 7],
    ]);
    // CloudFront's managed policies "CachingDisabled" and "AllViewerExceptHostHeader", by their ids.
    for (const { CachePolicyId, OriginRequestPolicyId } of config.CacheBehaviors)
      expect([CachePolicyId, OriginRequestPolicyId]).toEqual([
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",
      ]);
    const [site, ...apis] = config.Origins;
    expect(site).toMatchObject({
      OriginAccessControlId: expect.anything(),
      S3OriginConfig: { OriginAccessIdentity: "" },
    });
    for (const { CustomOriginConfig } of apis) expect(CustomOriginConfig.OriginProtocolPolicy).toBe("https-only");
  });

  test("runs no script but its own, and makes markup of no text", () => {
    const { SecurityHeadersConfig: headers } = synthesize(true, { provider }).only(
      "AWS::CloudFront::ResponseHeadersPolicy",
    ).ResponseHeadersPolicyConfig;
    const policy: string = headers.ContentSecurityPolicy.ContentSecurityPolicy;
    expect(policy).not.toMatch(/unsafe|\*|data:|http:/);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self' https://login.example.com",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
      expect(policy.split("; ")).toContain(rule);
    expect(headers.StrictTransportSecurity.AccessControlMaxAgeSec).toBeGreaterThanOrEqual(31_536_000);
  });

  test("sends people back from the user pool's page to itself, and to nothing else but what it is told", () => {
    const { only } = synthesize(true, { webUrls: ["https://other.example/"] });
    const { CallbackURLs, LogoutURLs } = only("AWS::Cognito::UserPoolClient");
    expect(CallbackURLs).toEqual([
      "https://other.example/",
      {
        "Fn::Join": ["", ["https://", { "Fn::GetAtt": [only("AWS::CloudFront::Distribution").id, "DomainName"] }, "/"]],
      },
    ]);
    expect(LogoutURLs).toEqual(CallbackURLs);
  });

  test("with a domain is served there, by TLS 1.2 at least", () => {
    const certificateArn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    const { only, json } = synthesize({ domain: { name: "chat.example.com", certificateArn } });
    expect(only("AWS::CloudFront::Distribution").DistributionConfig).toMatchObject({
      Aliases: ["chat.example.com"],
      ViewerCertificate: { AcmCertificateArn: certificateArn, MinimumProtocolVersion: "TLSv1.2_2021" },
    });
    expect(only("AWS::Cognito::UserPoolClient").CallbackURLs).toEqual(["https://chat.example.com/"]);
    expect(json.Outputs.WebUrl.Value).toBe("https://chat.example.com");
    expect(json.Outputs.ApiUrl.Value).toBe("https://chat.example.com");
    expect(json.Outputs.WebSocketUrl.Value).toBe("wss://chat.example.com/ws");
  });

  test("with a firewall has a limit for each address, and refuses to be deployed where CloudFront takes none", () => {
    const { only, json } = synthesize({ firewall: true });
    const { id, Scope, Rules } = only("AWS::WAFv2::WebACL");
    expect(Scope).toBe("CLOUDFRONT");
    expect(Rules[0]).toMatchObject({
      Action: { Block: {} },
      Statement: { RateBasedStatement: { AggregateKeyType: "IP" } },
    });
    expect(only("AWS::CloudFront::Distribution").DistributionConfig.WebACLId).toEqual({ "Fn::GetAtt": [id, "Arn"] });
    expect(JSON.stringify(json.Rules)).toContain('"us-east-1"');
    // Names with a dot, pictures, and clients without a name of their own are let through.
    const counted = Rules[1].Statement.ManagedRuleGroupStatement.RuleActionOverrides;
    expect(counted.map(({ Name }: { Name: string }) => Name)).toEqual(
      expect.arrayContaining(["SizeRestrictions_BODY", "RestrictedExtensions_URIPATH", "NoUserAgent_HEADER"]),
    );
    const own = synthesize({ firewall: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/mine/1" });
    expect(own.all("AWS::WAFv2::WebACL")).toEqual([]);
    expect(own.only("AWS::CloudFront::Distribution").DistributionConfig.WebACLId).toContain("webacl/mine");
  });

  test("of another provider has nothing of Cognito in it, and is told whom to ask", () => {
    const own = { clientId: "duet-web", scope: "openid duet", authorizationParameters: { audience: "duet-api" } };
    const { json, config } = synthesize(true, { provider: { ...provider, ...own } });
    const types = Object.values<{ Type: string }>(json.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type.includes("Cognito"))).toEqual([]);
    expect(JSON.stringify(json)).not.toContain("cognito");
    expect(config()).toEqual({ issuer: provider.issuer, usernameClaim: "sub", ...own });
    expect(json.Outputs.Issuer.Value).toBe(provider.issuer);
    expect(json.Outputs.ClientId.Value).toBe("duet-web");
    expect(synthesize(true, { provider }).config()).toEqual({
      issuer: provider.issuer,
      clientId: "duet-api",
      usernameClaim: "sub",
      scope: "openid profile offline_access",
    });
  });

  test("can be deleted with the stack: its bucket stays, or is emptied first", () => {
    const bucket = (removalPolicy: RemovalPolicy) => {
      const { all } = synthesize(true, { provider, removalPolicy });
      const [{ DeletionPolicy } = { DeletionPolicy: "" }] = all("AWS::S3::Bucket");
      return [DeletionPolicy, all("Custom::S3AutoDeleteObjects").length];
    };
    expect(bucket(RemovalPolicy.RETAIN)).toEqual(["Retain", 0]);
    expect(bucket(RemovalPolicy.DESTROY)).toEqual(["Delete", 1]);
  });

  test("has scripts that are kept for a year, and a page that is not, which comes after them", () => {
    const { json } = synthesize(true, { provider });
    const deployments = Object.entries<{ Type: string; Properties: Record<string, unknown>; DependsOn: string[] }>(
      json.Resources,
    ).filter(([, { Type }]) => Type === "Custom::CDKBucketDeployment");
    const find = (name: RegExp) => deployments.find(([id]) => name.test(id));
    const [assetsId = "", assets] = find(/^WebsiteAssets/) ?? [];
    const [, pages] = find(/^WebsitePages/) ?? [];
    expect(deployments).toHaveLength(2);
    expect(assets?.Properties).toMatchObject({
      Exclude: ["*"],
      Include: ["assets/*"],
      Prune: false,
      SystemMetadata: { "cache-control": "max-age=31536000, public, immutable" },
    });
    expect(pages?.Properties).toMatchObject({
      Exclude: ["assets/*"],
      SystemMetadata: { "cache-control": "no-cache" },
      DistributionPaths: ["/*"],
    });
    expect(pages?.DependsOn.some((id) => id.startsWith(assetsId))).toBe(true);
  });

  test("is left out where the construct's user serves another", () => {
    const { json, all } = synthesize(false, { webUrls: ["https://other.example/"] });
    expect(all("AWS::CloudFront::Distribution")).toEqual([]);
    expect(json.Outputs.WebUrl).toBeUndefined();
    expect(() => synthesize(false)).toThrow("give `website` or `webUrls`, or a `provider`");
  });
});
