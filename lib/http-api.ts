import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import type { FunctionName, Functions } from "./functions.ts";
import type { OidcProvider } from "./identity.ts";

/** Every route: method, path and the function that serves it. */
export const ROUTES = [
  [HttpMethod.POST, "/api/conversations/{peer}/messages", "http/post-message"],
  [HttpMethod.GET, "/api/conversations/{peer}/messages", "http/list-messages"],
  [HttpMethod.GET, "/api/conversations", "http/list-conversations"],
  [HttpMethod.PUT, "/api/conversations/{peer}/read", "http/mark-read"],
  [HttpMethod.PUT, "/api/conversations/{peer}/block", "http/block"],
  [HttpMethod.DELETE, "/api/conversations/{peer}/block", "http/unblock"],
  [HttpMethod.GET, "/api/me", "http/get-me"],
  [HttpMethod.PUT, "/api/me", "http/put-me"],
  [HttpMethod.PUT, "/api/me/avatar", "http/put-avatar"],
  [HttpMethod.DELETE, "/api/me/avatar", "http/delete-avatar"],
  [HttpMethod.GET, "/api/users/{username}", "http/get-user"],
  [HttpMethod.GET, "/api/users/{username}/avatar", "http/get-avatar"],
  [HttpMethod.DELETE, "/api/connections", "http/close-connections"],
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
