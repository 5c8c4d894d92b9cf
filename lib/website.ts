import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duration, Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginRequestPolicy,
  PriceClass,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { HttpOrigin, S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket } from "aws-cdk-lib/aws-s3";
import { BucketDeployment, CacheControl, Source } from "aws-cdk-lib/aws-s3-deployment";
import { Construct } from "constructs";
import { acceptFinding } from "./accepted-findings.ts";
import type { LogKeeping } from "./access-logs.ts";
import { bundleWebsite } from "./bundle-website.ts";
import type { WebClient } from "./identity.ts";
import { securityHeaders } from "./security-headers.ts";
import { WebFirewall } from "./web-firewall.ts";

export interface WebsiteProps {
  /** A name of one's own, as `chat.example.com`. Its DNS record is the deployer's: it leads to `DistributionDomain`. */
  domain?: {
    name: string;
    /** Of AWS Certificate Manager in us-east-1, for this name. */
    certificateArn: string;
  };
  /**
   * `true`: a firewall is made, which CloudFront takes from us-east-1 alone, so that the stack has to be there. A string:
   * the ARN of a web ACL of one's own. Default: none. What it costs is in docs/operations.md.
   */
  firewall?: boolean | string;
  /** From which of CloudFront's places it is served; fewer cost less. Default: all. */
  priceClass?: PriceClass;
}

export interface WebsiteParts extends WebsiteProps {
  httpApi: { apiEndpoint: string };
  webSocketApi: { apiEndpoint: string };
  client: WebClient;
  removalPolicy: RemovalPolicy;
  logs: LogKeeping;
}

/** `/docs` is the description of the API. What has a dot in its last part is a file, but below `/c/`, where usernames may have dots; all else is the page. */
const SHOW_PAGE = `function handler(event) {
  var request = event.request;
  if (request.uri === "/docs" || request.uri === "/docs/") request.uri = "/docs/index.html";
  else if (request.uri.startsWith("/c/") || request.uri.split("/").pop().indexOf(".") < 0) request.uri = "/index.html";
  return request;
}`;

/**
 * The chat page, and both APIs behind the same name, so that a browser needs no CORS and no address book: `/`, `/api/*`
 * and `/ws`.
 */
export class Website extends Construct {
  /** `https://…`, without a slash at its end. */
  readonly url: string;
  /** CloudFront's own name. */
  readonly distributionDomain: string;

  constructor(scope: Construct, id: string, props: WebsiteParts) {
    super(scope, id);
    const { httpApi, webSocketApi, client, removalPolicy, domain, firewall, logs } = props;
    const { priceClass = PriceClass.PRICE_CLASS_ALL } = props;
    const bucket = new Bucket(this, "Bucket", {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // CloudFormation deletes no bucket that has something in it: it is emptied first, or stays.
      removalPolicy,
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
    });
    acceptFinding(bucket, {
      id: "AwsSolutions-S1",
      reason: "Only CloudFront reads this bucket, and what it holds is public: who reads it is nothing to keep.",
    });
    const headers = new ResponseHeadersPolicy(this, "Headers", securityHeaders(client.origins));
    const toApi = (api: { apiEndpoint: string }): BehaviorOptions => ({
      origin: new HttpOrigin(Fn.select(2, Fn.split("/", api.apiEndpoint))),
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // The gateways know themselves by their own names alone.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: false,
    });
    const webAclId = firewall === true ? new WebFirewall(this, "Firewall").arn : firewall || undefined;
    const distribution = new Distribution(this, "Distribution", {
      comment: "Duet",
      defaultRootObject: "index.html",
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(bucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        responseHeadersPolicy: headers,
        functionAssociations: [
          {
            eventType: FunctionEventType.VIEWER_REQUEST,
            function: new EdgeFunction(this, "ShowPage", {
              code: FunctionCode.fromInline(SHOW_PAGE),
              runtime: FunctionRuntime.JS_2_0,
            }),
          },
        ],
      },
      additionalBehaviors: { "/api/*": toApi(httpApi), "/ws": toApi(webSocketApi) },
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass,
      ...(domain === undefined
        ? {}
        : {
            domainNames: [domain.name],
            certificate: Certificate.fromCertificateArn(this, "Certificate", domain.certificateArn),
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
          }),
      ...(webAclId === undefined ? {} : { webAclId }),
    });
    this.#acceptFindings(distribution, { hasDomain: domain !== undefined, hasFirewall: webAclId !== undefined });
    this.distributionDomain = distribution.domainName;
    this.url = `https://${domain?.name ?? distribution.domainName}`;
    this.#deploy({ bucket, distribution, client, logs });
  }

  /** First what the new page needs, and then the page, so that no page ever names what is not there. */
  #deploy(parts: { bucket: Bucket; distribution: Distribution; client: WebClient; logs: LogKeeping }): void {
    const { bucket, distribution, client, logs } = parts;
    const build = mkdtempSync(join(tmpdir(), "duet-website-"));
    bundleWebsite(build);
    const logGroup = new LogGroup(this, "DeploymentLog", {
      retention: logs.retention,
      removalPolicy: logs.removalPolicy,
    });
    const assets = new BucketDeployment(this, "Assets", {
      destinationBucket: bucket,
      sources: [Source.asset(build)],
      exclude: ["*"],
      include: ["assets/*"],
      // Those of earlier versions stay, for pages that are open.
      prune: false,
      cacheControl: [CacheControl.maxAge(Duration.days(365)), CacheControl.setPublic(), CacheControl.immutable()],
      logGroup,
    });
    const pages = new BucketDeployment(this, "Pages", {
      destinationBucket: bucket,
      sources: [Source.asset(build), Source.jsonData("config.json", client.config)],
      exclude: ["assets/*"],
      cacheControl: [CacheControl.noCache()],
      distribution,
      distributionPaths: ["/*"],
      logGroup,
    });
    pages.node.addDependency(assets);
    // CDK has its own copy by now.
    rmSync(build, { recursive: true });
    acceptDeploymentFindings(Stack.of(this), pages);
  }

  #acceptFindings(distribution: Distribution, has: { hasDomain: boolean; hasFirewall: boolean }): void {
    acceptFinding(distribution, {
      id: "AwsSolutions-CFR1",
      reason: "Where its users may be is for those to say who deploy it; nothing of Duet depends on a country.",
    });
    acceptFinding(distribution, {
      id: "AwsSolutions-CFR3",
      reason:
        "Both APIs write a line a request, without names; CloudFront's logs would hold the paths, and so who writes to whom.",
    });
    if (!has.hasFirewall)
      acceptFinding(distribution, {
        id: "AwsSolutions-CFR2",
        reason:
          "A firewall costs a fixed sum each month; it is one context value away, and the APIs throttle every route.",
      });
    if (!has.hasDomain)
      acceptFinding(distribution, {
        id: "AwsSolutions-CFR4",
        reason:
          "CloudFront's own certificate allows no other setting; with a domain of one's own it is TLS 1.2 at least.",
      });
  }
}

/** What CDK itself brings along for a bucket's deployment: a function of its own, one for the whole stack. */
function acceptDeploymentFindings(stack: Stack, deployment: BucketDeployment): void {
  const handler = stack.node.findAll().find(({ node }) => /^Custom::CDKBucketDeployment[0-9A-F]+$/i.test(node.id));
  if (handler === undefined) throw new Error(`${deployment.node.path} has no function that deploys`);
  const role = handler.node.findChild("ServiceRole");
  acceptFinding(role, {
    id: "AwsSolutions-IAM4",
    reason: "The function that deploys the site is CDK's own; the managed policy lets it write its log, and no more.",
  });
  acceptFinding(role.node.findChild("DefaultPolicy"), {
    id: "AwsSolutions-IAM5",
    reason:
      "The function that deploys the site is CDK's own; it reads CDK's assets, and writes any object of this one bucket.",
  });
  acceptFinding(handler, {
    id: "AwsSolutions-L1",
    reason: "The function that deploys the site is CDK's own, and its runtime is the one that CDK has tested it with.",
  });
}
