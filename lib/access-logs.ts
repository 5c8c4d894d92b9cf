import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat, CfnAccount } from "aws-cdk-lib/aws-apigateway";
import { type IAccessLogSettings, LogGroupLogDestination } from "aws-cdk-lib/aws-apigatewayv2";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup, LogGroupClass, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acceptFinding } from "./accepted-findings.ts";

/** How long the log groups keep what is written to them, and what becomes of them with the stack. */
export interface LogKeeping {
  retention: RetentionDays;
  removalPolicy: RemovalPolicy;
}

/**
 * What is written of a request. Not the path, which holds the names of those who write to each other (the route has
 * them as `{peer}`), no query string, no header, no address and no body: so neither a token nor a word of a message.
 * Source: API Gateway developer guide, "Customize HTTP API access logs".
 */
const HTTP_FIELDS = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  route: "$context.routeKey",
  status: "$context.status",
  latencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  responseBytes: "$context.responseLength",
  error: "$context.error.message",
  integrationError: "$context.integrationErrorMessage",
  authorizerError: "$context.authorizer.error",
};

/** The same of a WebSocket's events. Source: "Set up access logging for WebSocket APIs" in the same guide. */
const WEB_SOCKET_FIELDS = {
  requestId: "$context.requestId",
  time: "$context.requestTime",
  connectionId: "$context.connectionId",
  event: "$context.eventType",
  route: "$context.routeKey",
  status: "$context.status",
  integrationLatencyMs: "$context.integrationLatency",
  error: "$context.error.message",
  integrationError: "$context.integrationErrorMessage",
  authorizerError: "$context.authorizer.error",
};

/** A log group, and the format of the lines, for a stage. One line a request, in JSON. */
export function accessLogs(
  scope: Construct,
  { protocol, retention, removalPolicy }: LogKeeping & { protocol: "HTTP" | "WEBSOCKET" },
): IAccessLogSettings {
  // At half the price. CloudWatch Logs Insights finds in it what it finds elsewhere; no metric is made of it.
  const logGroupClass = LogGroupClass.INFREQUENT_ACCESS;
  const logGroup = new LogGroup(scope, "AccessLogs", { logGroupClass, retention, removalPolicy });
  return {
    destination: new LogGroupLogDestination(logGroup),
    format: AccessLogFormat.custom(JSON.stringify(protocol === "HTTP" ? HTTP_FIELDS : WEB_SOCKET_FIELDS)),
  };
}

/**
 * The role with which API Gateway writes the access logs of WebSocket APIs: a setting of the account in this Region,
 * not of an API, without which such a stage cannot be created. It stays when the stack goes, since others may use it.
 * Source: API Gateway developer guide, "Set up CloudWatch logging for WebSocket APIs", "Permissions".
 */
export class ApiGatewayLogRole extends Construct {
  readonly account: CfnAccount;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com"),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName("service-role/AmazonAPIGatewayPushToCloudWatchLogs")],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.account = new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn });
    this.account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    acceptFinding(role, {
      id: "AwsSolutions-IAM4",
      appliesTo: "Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
      reason:
        "API Gateway has one log role for the whole account and Region, used for every API in it, and this policy is " +
        "the one that it documents for it; a narrower one would break the logs of other APIs.",
    });
  }
}
