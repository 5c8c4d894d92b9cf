import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import type { FunctionName, Functions } from "./functions.ts";
import type { OidcProvider } from "./identity.ts";

const ROUTES = [
  [HttpMethod.POST, "/api/conversations/{peer}/messages", "http/post-message"],
  [HttpMethod.GET, "/api/conversations/{peer}/messages", "http/list-messages"],
  [HttpMethod.GET, "/api/conversations", "http/list-conversations"],
] as const satisfies [HttpMethod, string, FunctionName][];

/** The HTTP API: a function a route, each behind the gateway's own JWT authorizer. */
export class DuetHttpApi extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { functions, identity }: { functions: Functions; identity: OidcProvider }) {
    super(scope, id);
    const api = new HttpApi(this, "Api", {
      defaultAuthorizer: new HttpJwtAuthorizer("AccessToken", identity.issuer, { jwtAudience: [identity.audience] }),
    });
    for (const [method, path, name] of ROUTES)
      api.addRoutes({ path, methods: [method], integration: new HttpLambdaIntegration(name, functions.get(name)) });
    this.url = api.apiEndpoint;
  }
}
