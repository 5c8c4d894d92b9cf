import { Duration } from "aws-cdk-lib";
import { WebSocketApi, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import type { ProbeFunctions } from "./functions.ts";

/** Sooner than the function behind it would time out. */
const LATE = Duration.seconds(1);

/** Three WebSocket APIs, since an API has one authorizer and one `$connect` at most. */
export class ProbeWebSocketApis extends Construct {
  readonly main: WebSocketStage;
  /** By the name of the variable under which the probe hands them out. */
  readonly urls: Record<"MAIN_URL" | "KEYED_URL" | "PLAIN_URL", string>;

  constructor(scope: Construct, id: string, { functions }: { functions: ProbeFunctions }) {
    super(scope, id);
    this.main = this.#createMain(functions);
    const keyed = this.#createKeyed(functions);
    const plain = this.#createPlain(functions);
    this.urls = { MAIN_URL: this.main.url, KEYED_URL: keyed.url, PLAIN_URL: plain.url };
  }

  /** All routes; the authorizer's identity source is a query parameter. */
  #createMain({ webSocket, briefWebSocket, authorize }: ProbeFunctions): WebSocketStage {
    const integration = new WebSocketLambdaIntegration("Main", webSocket);
    const brief = new WebSocketLambdaIntegration("MainBrief", briefWebSocket);
    const late = new WebSocketLambdaIntegration("MainLate", briefWebSocket, { timeout: LATE });
    const api = new WebSocketApi(this, "Main", {
      routeSelectionExpression: "$request.body.action",
      connectRouteOptions: {
        integration,
        authorizer: new WebSocketLambdaAuthorizer("QueryTicket", authorize, {
          identitySource: ["route.request.querystring.ticket"],
        }),
      },
      disconnectRouteOptions: { integration },
      defaultRouteOptions: { integration, returnResponse: true },
    });
    api.addRoute("two-way", { integration, returnResponse: true });
    api.addRoute("one-way", { integration });
    api.addRoute("7", { integration, returnResponse: true });
    api.addRoute("brief", { integration: brief, returnResponse: true });
    api.addRoute("late", { integration: late, returnResponse: true });
    return this.#createStage("main", api);
  }

  /** The authorizer's identity source is a header; `$connect` times out soon, and has a route response. */
  #createKeyed({ briefWebSocket, authorize }: ProbeFunctions): WebSocketStage {
    const integration = new WebSocketLambdaIntegration("Keyed", briefWebSocket);
    const api = new WebSocketApi(this, "Keyed", {
      routeSelectionExpression: "$request.body.action",
      connectRouteOptions: {
        integration,
        returnResponse: true,
        authorizer: new WebSocketLambdaAuthorizer("HeaderTicket", authorize, {
          identitySource: ["route.request.header.X-Ticket"],
        }),
      },
      defaultRouteOptions: { integration, returnResponse: true },
    });
    return this.#createStage("keyed", api);
  }

  /** Neither authorizer, nor `$connect`, nor `$default`. */
  #createPlain({ webSocket }: ProbeFunctions): WebSocketStage {
    const api = new WebSocketApi(this, "Plain", { routeSelectionExpression: "$request.body.action" });
    api.addRoute("two-way", { integration: new WebSocketLambdaIntegration("Plain", webSocket), returnResponse: true });
    return this.#createStage("plain", api);
  }

  #createStage(stageName: string, webSocketApi: WebSocketApi): WebSocketStage {
    return new WebSocketStage(this, `${stageName}-stage`, { webSocketApi, stageName, autoDeploy: true });
  }
}
