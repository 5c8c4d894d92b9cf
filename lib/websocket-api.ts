import { WebSocketApi, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { acceptFinding } from "./accepted-findings.ts";
import { ApiGatewayLogRole, accessLogs, type LogKeeping } from "./access-logs.ts";
import { type FunctionName, type Functions, MANAGES } from "./functions.ts";
import { type Throttle, throttleRoutes } from "./throttles.ts";

export const STAGE_NAME = "ws";

export interface DuetWebSocketApiProps {
  functions: Functions;
  throttle: Throttle;
  logs: LogKeeping;
  /** Whether the account's API Gateway has a role for its logs already; else it is given one. */
  hasLogRole: boolean;
}

/** The WebSocket API. Its stage is named `ws`, so that its address ends as the path on the one origin does. */
export class DuetWebSocketApi extends Construct {
  readonly api: WebSocketApi;
  readonly url: string;

  constructor(scope: Construct, id: string, { functions, throttle, logs, hasLogRole }: DuetWebSocketApiProps) {
    super(scope, id);
    const integration = (name: FunctionName) => new WebSocketLambdaIntegration(name, functions.get(name));
    const api = new WebSocketApi(this, "Api", {
      routeSelectionExpression: "$request.body.action",
      connectRouteOptions: {
        integration: integration("websocket/connect"),
        // The token may be in either of two headers, so neither can be an identity source, which has to be there.
        authorizer: new WebSocketLambdaAuthorizer("AccessToken", functions.get("websocket/authorize"), {
          identitySource: [],
        }),
      },
      disconnectRouteOptions: { integration: integration("websocket/disconnect") },
      defaultRouteOptions: { integration: integration("websocket/default"), returnResponse: true },
    });
    this.api = api;
    api.addRoute("sync", { integration: integration("websocket/sync"), returnResponse: true });
    api.addRoute("typing", { integration: integration("websocket/typing"), returnResponse: true });
    for (const routeKey of ["$disconnect", "$default", "sync", "typing"])
      acceptFinding(api.node.findChild(`${routeKey}-Route`), {
        id: "AwsSolutions-APIG4",
        reason: "A WebSocket API has its authorizer on $connect alone; what comes later comes on a socket it let in.",
      });
    const stage = new WebSocketStage(this, "Stage", {
      webSocketApi: api,
      stageName: STAGE_NAME,
      autoDeploy: true,
      accessLogSettings: accessLogs(this, { protocol: "WEBSOCKET", ...logs }),
    });
    if (!hasLogRole) stage.node.addDependency(new ApiGatewayLogRole(this, "LogRole").account);
    // Frames that name no action come from programs that are wrong.
    throttleRoutes(stage, { throttle, seldom: ["$default"] });
    // A stage cannot limit a route that is not there yet.
    stage.node.addDependency(api.node.findChild("$default-Route"));
    this.url = stage.url;

    for (const [name, method] of Object.entries(MANAGES) as [FunctionName, string][]) {
      const manager = functions.get(name);
      manager.addEnvironment("MANAGEMENT_ENDPOINT", stage.callbackUrl);
      manager.addToRolePolicy(
        new PolicyStatement({
          actions: ["execute-api:ManageConnections"],
          resources: [api.arnForExecuteApiV2(`${method}/@connections/*`, stage.stageName)],
        }),
      );
      acceptFinding(functions.policyOf(name), {
        id: "AwsSolutions-IAM5",
        appliesTo: {
          regex: `/^Resource::arn:.+:execute-api:.+:<\\w+>\\/ws\\/${method}\\/@connections\\/\\*$/`,
        },
        reason: "A connection's id is made by the gateway when a client connects; one method on one stage is allowed.",
      });
    }
  }
}
