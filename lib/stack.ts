import { CfnOutput, type RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { SenderLimits } from "../functions/protocol/limits.ts";
import { Functions } from "./functions.ts";
import { DuetHttpApi } from "./http-api.ts";
import { Identity, type OidcProvider } from "./identity.ts";
import { Tables } from "./tables.ts";
import { DuetWebSocketApi } from "./websocket-api.ts";

export interface DuetStackProps extends StackProps {
  /** Absent: a Cognito user pool is made. */
  provider?: OidcProvider;
  /** Where the web client is served, for the sign-in page's redirects. */
  webUrls: string[];
  limits: SenderLimits;
  /** `strip` takes markup out of messages' texts, `keep` stores them as typed. */
  markup: "strip" | "keep";
  /** What becomes of users and messages when the stack is deleted. */
  removalPolicy: RemovalPolicy;
}

/** All of Duet in one stack. */
export class DuetStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { provider, webUrls, limits, markup, removalPolicy, ...props }: DuetStackProps,
  ) {
    super(scope, id, props);
    const tables = new Tables(this, "Tables", { removalPolicy });
    const identity = new Identity(this, "Identity", {
      webUrls,
      removalPolicy,
      ...(provider === undefined ? {} : { provider }),
    });
    const functions = new Functions(this, "Functions", { tables, identity, limits, markup, removalPolicy });
    const httpApi = new DuetHttpApi(this, "HttpApi", { functions, identity });
    const webSocketApi = new DuetWebSocketApi(this, "WebSocketApi", { functions });

    new CfnOutput(this, "ApiUrl", { value: httpApi.url, description: "Base of /api" });
    new CfnOutput(this, "WebSocketUrl", { value: webSocketApi.url, description: "Where clients subscribe" });
    new CfnOutput(this, "Issuer", { value: identity.issuer, description: "Who signs users in" });
    new CfnOutput(this, "ClientId", { value: identity.audience, description: "Client id, or audience, of the tokens" });
  }
}
