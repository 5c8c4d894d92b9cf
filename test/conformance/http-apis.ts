import { Duration } from "aws-cdk-lib";
import { CorsHttpMethod, HttpApi, HttpMethod, type IHttpRouteAuthorizer } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import type { ProbeFunctions } from "./functions.ts";

const { ANY, GET, OPTIONS, POST } = HttpMethod;

/** Sooner than the function behind it would time out. */
const LATE = Duration.seconds(1);
/** A scope that no token has. */
const UNGRANTED_SCOPE = "conformance/nobody";

export interface ProbeHttpApisProps {
  functions: ProbeFunctions;
  issuer: string;
  audience: string;
  /** A real issuer, whose tokens the suite does not have. */
  otherIssuer: string;
  grantedScope: string;
}

/** The HTTP API of the suite, and one below a named stage, which has a `$default` route and no CORS configuration. */
export class ProbeHttpApis extends Construct {
  readonly url: string;
  readonly stagedUrl: string;
  readonly #api: HttpApi;

  constructor(scope: Construct, id: string, props: ProbeHttpApisProps) {
    super(scope, id);
    // The first in the template: where all APIs share one origin, the other takes every path that is left.
    this.stagedUrl = this.#createStaged(props.functions);
    this.#api = new HttpApi(this, "Api", {
      corsPreflight: {
        allowOrigins: ["https://allowed.example", "http://localhost:5173"],
        allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
        allowHeaders: ["authorization", "content-type"],
        exposeHeaders: ["x-exposed"],
        allowCredentials: true,
        maxAge: Duration.seconds(600),
      },
    });
    this.url = this.#api.apiEndpoint;
    this.#addOpenRoutes(props.functions);
    this.#addGuardedRoutes(props);
  }

  #addOpenRoutes({ http, state, frozen, broken }: ProbeFunctions): void {
    const probe = new HttpLambdaIntegration("Probe", http);
    const stateProbe = new HttpLambdaIntegration("State", state);
    const add = (path: string, methods: HttpMethod[], integration = probe) =>
      this.#api.addRoutes({ path, methods, integration });
    add("/about", [GET]);
    add("/records", [GET]);
    add("/manage", [POST]);
    add("/probe", [ANY]);
    add("/order", [GET, ANY]);
    add("/post-only", [POST]);
    add("/items/{id}", [GET]);
    add("/items/{id}/parts/{part}", [GET]);
    add("/files/exact", [GET]);
    add("/files/{proxy+}", [ANY]);
    add("/state", [GET], stateProbe);
    add("/late", [GET], new HttpLambdaIntegration("Late", state, { timeout: LATE }));
    add("/frozen", [GET], new HttpLambdaIntegration("Frozen", frozen));
    add("/broken", [GET], new HttpLambdaIntegration("Broken", broken));
  }

  #addGuardedRoutes({ functions, issuer, audience, otherIssuer, grantedScope }: ProbeHttpApisProps): void {
    const integration = new HttpLambdaIntegration("Guarded", functions.http);
    const create = (id: string, jwtIssuer: string, jwtAudience: string, source = "$request.header.Authorization") =>
      new HttpJwtAuthorizer(id, jwtIssuer, { jwtAudience: [jwtAudience], identitySource: [source] });
    const authorizer = create("Token", issuer, audience);
    const add = (path: string, methods: HttpMethod[], chosen: IHttpRouteAuthorizer, authorizationScopes?: string[]) =>
      this.#api.addRoutes({
        path,
        methods,
        integration,
        authorizer: chosen,
        ...(authorizationScopes && { authorizationScopes }),
      });
    add("/guarded", [GET], authorizer);
    add("/guarded/scoped", [GET], authorizer, [UNGRANTED_SCOPE, grantedScope]);
    add("/guarded/forbidden", [GET], authorizer, [UNGRANTED_SCOPE]);
    add("/guarded/query", [GET], create("QueryToken", issuer, audience, "$request.querystring.token"));
    add("/guarded/audience", [GET], create("OtherAudience", issuer, "nobody"));
    add("/guarded/issuer", [GET], create("OtherIssuer", otherIssuer, audience));
    add("/guarded/any", [ANY], authorizer);
    add("/guarded/greedy/{proxy+}", [ANY], authorizer);
    this.#api.addRoutes({ path: "/guarded/greedy/{proxy+}", methods: [OPTIONS], integration });
  }

  #createStaged({ http }: ProbeFunctions): string {
    const integration = new HttpLambdaIntegration("Staged", http);
    const api = new HttpApi(this, "Staged", { createDefaultStage: false, defaultIntegration: integration });
    api.addRoutes({ path: "/exact", methods: [GET], integration });
    api.addRoutes({ path: "/{proxy+}", methods: [GET], integration });
    return api.addStage("V1", { stageName: "v1", autoDeploy: true }).url;
  }
}
