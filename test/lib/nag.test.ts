import { App, Aspects, CfnResource, RemovalPolicy } from "aws-cdk-lib";
import { Annotations, Match } from "aws-cdk-lib/assertions";
import { type CfnPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import { DuetStack, type DuetStackProps } from "../../lib/stack.ts";

/** What cdk-nag's AwsSolutions pack says of the stack, but for the findings that are accepted. */
function findings(props: DuetStackProps, change: (stack: DuetStack) => void = () => undefined): string[] {
  const app = new App();
  const stack = new DuetStack(app, "Duet", { website: true, ...props });
  change(stack);
  Aspects.of(app).add(new AwsSolutionsChecks());
  const all = Annotations.fromStack(stack);
  const anything = Match.stringLikeRegexp("AwsSolutions|CdkNag");
  return [...all.findError("*", anything), ...all.findWarning("*", anything)].map(({ id, entry }) => {
    const rule = /[\w-]+/.exec(String(entry.data))?.[0];
    return `${rule} ${id}`;
  });
}

const provider = { issuer: "https://login.example.com", audience: "duet", usernameClaim: "sub" };
const alarmsTopicArn = "arn:aws:sns:us-east-1:123456789012:alarms";

test.each<[string, DuetStackProps]>([
  ["as it is deployed", {}],
  ["with another provider, and with somebody to tell of alarms", { provider, alarmsTopicArn }],
  ["as a stage for development", { removalPolicy: RemovalPolicy.DESTROY }],
  ["where API Gateway has a role for logs", { hasApiGatewayLogRole: true }],
  [
    "with a domain and a firewall of its own",
    {
      website: {
        domain: { name: "chat.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" },
        firewall: true,
      },
    },
  ],
  [
    "with capacity for a steady load, and traces",
    { steadyLoad: { sendsPerSecondMin: 5, sendsPerSecondMax: 200 }, tracing: true },
  ],
  ["without a website", { website: false, webUrls: ["https://elsewhere.example/"] }],
])("the stack has no finding of cdk-nag that is not accepted, %s", { timeout: 120_000 }, (_, props) => {
  expect(findings(props)).toEqual([]);
});

test("a finding would be seen, also on a resource on which another is accepted", { timeout: 120_000 }, () => {
  expect(findings({}, (stack) => new Topic(stack, "Open"))).toEqual([expect.stringMatching(/^AwsSolutions-SNS\d /)]);
  const wider = findings({}, (stack) => {
    const role = stack.node.findChild("Default").node.findChild("Functions").node.findChild("TypingFunctionRole");
    const policy = role.node.findChild("DefaultPolicy").node.defaultChild as CfnPolicy;
    policy.policyDocument.addStatements(new PolicyStatement({ actions: ["dynamodb:*"], resources: ["*"] }));
  });
  expect(wider).toEqual([expect.stringContaining("AwsSolutions-IAM5"), expect.stringContaining("AwsSolutions-IAM5")]);
});

test("each finding that is accepted has a reason, and is accepted on one resource", { timeout: 120_000 }, () => {
  const stack = new DuetStack(new App(), "Duet", { website: true });
  const accepted = stack.node
    .findAll()
    .filter(CfnResource.isCfnResource)
    .flatMap((resource) => {
      const { rules_to_suppress: rules = [] } = resource.getMetadata("cdk_nag") ?? {};
      return (rules as { id: string; reason: string }[]).map(({ id, reason }) => ({
        id,
        reason,
        of: resource.cfnResourceType,
      }));
    });
  for (const { reason } of accepted) expect(reason.split(" ").length).toBeGreaterThan(10);
  const counts: Record<string, number> = {};
  for (const { id, of } of accepted) counts[`${id} ${of}`] = (counts[`${id} ${of}`] ?? 0) + 1;
  expect(counts).toEqual({
    "AwsSolutions-APIG4 AWS::ApiGatewayV2::Route": 4,
    "AwsSolutions-CFR1 AWS::CloudFront::Distribution": 1,
    "AwsSolutions-CFR2 AWS::CloudFront::Distribution": 1,
    "AwsSolutions-CFR3 AWS::CloudFront::Distribution": 1,
    "AwsSolutions-CFR4 AWS::CloudFront::Distribution": 1,
    "AwsSolutions-COG2 AWS::Cognito::UserPool": 1,
    "AwsSolutions-COG8 AWS::Cognito::UserPool": 1,
    "AwsSolutions-IAM4 AWS::IAM::Role": 2,
    "AwsSolutions-IAM5 AWS::IAM::Policy": 9,
    "AwsSolutions-L1 AWS::Lambda::Function": 1,
    "AwsSolutions-S1 AWS::S3::Bucket": 1,
  });
  expect(stack.templateOptions.metadata?.cdk_nag).toBeUndefined();
});
