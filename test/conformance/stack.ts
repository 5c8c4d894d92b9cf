import { CfnOutput, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { ManagedLoginVersion, OAuthScope, UserPool } from "aws-cdk-lib/aws-cognito";
import { AttributeType, Billing, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { ProbeFunctions } from "./functions.ts";
import { ProbeHttpApis } from "./http-apis.ts";
import { ProbeWebSocketApis } from "./websocket-apis.ts";

/** Who issues the tokens that the JWT authorizers take. */
export interface Provider {
  issuer: string;
  audience: string;
}

export interface ConformanceStackProps extends StackProps {
  /** Absent: a user pool is made. */
  provider?: Provider;
  /** A scope that the token of the suite has. */
  grantedScope: string;
}

/** Everything that the suite observes; nothing in it is worth keeping, so it goes with the stack. */
export class ConformanceStack extends Stack {
  constructor(scope: Construct, id: string, { provider, grantedScope, ...props }: ConformanceStackProps) {
    super(scope, id, props);
    const records = new TableV2(this, "Records", {
      partitionKey: { name: "subject", type: AttributeType.STRING },
      sortKey: { name: "at", type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: "expiresAtSeconds",
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { issuer, audience } = provider ?? this.#createUserPool();
    // API Gateway asks an issuer for its keys when the authorizer is made, so the wrong one has to exist too.
    const stranger = new UserPool(this, "StrangerPool", { removalPolicy: RemovalPolicy.DESTROY });

    const functions = new ProbeFunctions(this, "Functions", { records });
    const webSocketApis = new ProbeWebSocketApis(this, "WebSocket", { functions });
    const httpApis = new ProbeHttpApis(this, "Http", {
      functions,
      issuer,
      audience,
      otherIssuer: stranger.userPoolProviderUrl,
      grantedScope,
    });

    const { http } = functions;
    for (const [name, url] of Object.entries({ ...webSocketApis.urls, STAGED_URL: httpApis.stagedUrl })) {
      http.addEnvironment(name, url);
    }
    http.addEnvironment("ISSUER", issuer);
    for (const each of [http, functions.webSocket]) {
      each.addEnvironment("MANAGEMENT_ENDPOINT", webSocketApis.main.callbackUrl);
      webSocketApis.main.grantManagementApiAccess(each);
    }

    new CfnOutput(this, "Url", { value: httpApis.url, description: "CONFORMANCE_URL" });
    new CfnOutput(this, "Issuer", { value: issuer });
    new CfnOutput(this, "Audience", { value: audience, description: "The client id of the user pool" });
  }

  /** Takes a password, so that a token can be had from the command line. */
  #createUserPool(): Provider {
    const pool = new UserPool(this, "UserPool", { removalPolicy: RemovalPolicy.DESTROY });
    const client = pool.addClient("Client", {
      authFlows: { userPassword: true },
      oAuth: {
        flows: { authorizationCodeGrant: true },
        callbackUrls: ["http://localhost:3000/"],
        scopes: [OAuthScope.OPENID, OAuthScope.COGNITO_ADMIN],
      },
    });
    pool.addDomain("Domain", {
      cognitoDomain: { domainPrefix: `conformance-${this.account}` },
      managedLoginVersion: ManagedLoginVersion.CLASSIC_HOSTED_UI,
    });
    return { issuer: pool.userPoolProviderUrl, audience: client.userPoolClientId };
  }
}
