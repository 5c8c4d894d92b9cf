import { CfnRule, Fn, Stack } from "aws-cdk-lib";
import { CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import { Construct } from "constructs";

/** From one address in five minutes; more than a person with many tabs makes, and a busy office. */
const REQUESTS_PER_FIVE_MINUTES = 3_000;

/**
 * The common rules that would refuse what is allowed here, and so only count. Source: AWS WAF developer guide, "Baseline
 * rule groups", "Core rule set (CRS)".
 */
const COUNTED_COMMON_RULES = [
  // A picture has up to 64 KiB, and people write to each other about scripts and queries.
  "SizeRestrictions_BODY",
  "CrossSiteScripting_BODY",
  "GenericLFI_BODY",
  "GenericRFI_BODY",
  "EC2MetaDataSSRF_BODY",
  // The package `ws`, with which the clients in Node connect, gives itself no name.
  "NoUserAgent_HEADER",
  // `o.brien.log` is a username as good as any, and 128 letters of Chinese are 1,152 bytes of a path.
  "RestrictedExtensions_URIPATH",
  "SizeRestrictions_URIPATH",
  // An issuer sends people back with a code that may have more than 2 KB.
  "SizeRestrictions_QUERYSTRING",
];

/**
 * AWS WAF for the website: too many requests from one address, and what AWS's common rules know as attacks. CloudFront
 * takes it from us-east-1 alone: a deployment elsewhere is refused, and says so.
 */
export class WebFirewall extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    new CfnRule(this, "Region", {
      assertions: [
        {
          assert: Fn.conditionEquals(Stack.of(this).region, "us-east-1"),
          assertDescription:
            "CloudFront takes a firewall from us-east-1 alone: deploy there, or hand in the ARN of one.",
        },
      ],
    });
    const visibility = (metricName: string) => ({
      metricName,
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: false,
    });
    const managed = (name: string, priority: number, counted: string[] = []): CfnWebACL.RuleProperty => ({
      name,
      priority,
      overrideAction: { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: "AWS",
          name,
          ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
      visibilityConfig: visibility(name),
    });
    const acl = new CfnWebACL(this, "WebAcl", {
      scope: "CLOUDFRONT",
      defaultAction: { allow: {} },
      visibilityConfig: visibility("DuetWebsite"),
      rules: [
        {
          name: "Rate",
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { aggregateKeyType: "IP", limit: REQUESTS_PER_FIVE_MINUTES } },
          visibilityConfig: visibility("Rate"),
        },
        managed("AWSManagedRulesCommonRuleSet", 1, COUNTED_COMMON_RULES),
        managed("AWSManagedRulesAmazonIpReputationList", 2),
      ],
    });
    this.arn = acl.attrArn;
  }
}
