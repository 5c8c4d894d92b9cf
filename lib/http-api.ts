import { Duration } from "aws-cdk-lib";
import {
  CorsHttpMethod,
  type CorsPreflightOptions,
  HttpApi,
  HttpMethod,
  HttpStage,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import { accessLogs, type LogKeeping } from "./access-logs.ts";
import type { FunctionName, Functions } from "./functions.ts";
import type { OidcProvider } from "./identity.ts";
import { type Throttle, throttleRoutes } from "./throttles.ts";

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

/** What a person does now and then, and what costs the most when a program does it all the time. */
const SELDOM = [
  "PUT /api/conversations/{peer}/block",
  "DELETE /api/conversations/{peer}/block",
  "PUT /api/me",
  "PUT /api/me/avatar",
  "DELETE /api/me/avatar",
  "DELETE /api/connections",
];

export interface DuetHttpApiProps {
  /** Where other web clients are served: their origins may call the API from a browser. */
  webUrls: readonly string[];
  functions: Functions;
  identity: OidcProvider;
  throttle: Throttle;
  logs: LogKeeping;
}

/** The HTTP API: a function a route, each behind the gateway's own JWT authorizer. */
export class DuetHttpApi extends Construct {
  readonly api: HttpApi;
  readonly url: string;

  constructor(scope: Construct, id: string, props: DuetHttpApiProps) {
    super(scope, id);
    const { webUrls, functions, identity, throttle, logs } = props;
    const corsPreflight = corsOf(webUrls);
    this.api = new HttpApi(this, "Api", {
      defaultAuthorizer: new HttpJwtAuthorizer("AccessToken", identity.issuer, { jwtAudience: [identity.audience] }),
      createDefaultStage: false,
      ...(corsPreflight === undefined ? {} : { corsPreflight }),
    });
    const stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      accessLogSettings: accessLogs(this, { protocol: "HTTP", ...logs }),
    });
    throttleRoutes(stage, { throttle, seldom: SELDOM });
    for (const [method, path, name] of ROUTES) {
      const integration = new HttpLambdaIntegration(name, functions.get(name));
      // A stage cannot limit a route that is not there yet.
      stage.node.addDependency(...this.api.addRoutes({ path, methods: [method], integration }));
    }
    this.url = this.api.apiEndpoint;
  }
}

/** What a browser is told of these pages. A native app's address is none: it has no origin, and no need of this. */
function corsOf(webUrls: readonly string[]): CorsPreflightOptions | undefined {
  // Not by URL, which would take a name apart that is known when the stack is deployed.
  const origins = webUrls.flatMap((url) => /^https?:\/\/[^/]+/.exec(url)?.[0] ?? []);
  if (origins.length === 0) return undefined;
  return {
    allowOrigins: [...new Set(origins)],
    allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.PUT, CorsHttpMethod.DELETE],
    allowHeaders: ["authorization", "content-type", "duet-connection", "idempotency-key"],
    exposeHeaders: ["retry-after"],
    maxAge: Duration.hours(2),
  };
}
