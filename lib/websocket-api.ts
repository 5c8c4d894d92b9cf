import { WebSocketApi, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { type FunctionName, type Functions, MANAGES } from "./functions.ts";

/** The WebSocket API. Its stage is named `ws`, so that its address ends as the path on the one origin does. */
export class DuetWebSocketApi extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { functions }: { functions: Functions }) {
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
    api.addRoute("sync", { integration: integration("websocket/sync"), returnResponse: true });
    api.addRoute("typing", { integration: integration("websocket/typing"), returnResponse: true });
    const stage = new WebSocketStage(this, "Stage", { webSocketApi: api, stageName: "ws", autoDeploy: true });
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
    }
  }
}
