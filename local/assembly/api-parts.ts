import * as v from "valibot";
import { AssemblyError, refuseRepeats } from "./assembly-error.ts";
import { groupByOwner } from "./group-by-owner.ts";
import { text, withoutLocalEffect } from "./properties.ts";
import type { ServedType } from "./resource-types.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** An API with what belongs to it, as far as HTTP and WebSocket APIs have it in common. */
export interface ApiParts {
  resource: Resource;
  protocol: "HTTP" | "WEBSOCKET";
  apiId: string;
  stages: string[];
  /** Each route key is there once. */
  routes: Resource[];
  routeResponses: Resource[];
  integrations: Resource[];
  authorizers: Resource[];
}

const StageSchema = v.strictObject({
  ApiId: text,
  StageName: text,
  // There is no account whose quota throttling would guard.
  ...withoutLocalEffect(
    "AccessLogSettings",
    "AutoDeploy",
    "DefaultRouteSettings",
    "DeploymentId",
    "Description",
    "RouteSettings",
    "Tags",
  ),
});

/**
 * The APIs of the stack, whose stages all have base paths of their own.
 *
 * @throws AssemblyError for two stages with one base path, two routes with one key, and a part that has no API.
 */
export function readApiParts(stack: Stack): ApiParts[] {
  refuseRepeats(stack.resources("AWS::ApiGatewayV2::Stage"), (stage) => {
    const name = stack.properties(stage, StageSchema).StageName;
    return `the base path /${name === "$default" ? "" : name}`;
  });
  const apis = stack.resources("AWS::ApiGatewayV2::Api");
  const partsOf = (type: ServedType) => groupByOwner(stack, { type, property: "ApiId", owners: apis });
  const stagesOf = partsOf("AWS::ApiGatewayV2::Stage");
  const routesOf = partsOf("AWS::ApiGatewayV2::Route");
  const routeResponsesOf = partsOf("AWS::ApiGatewayV2::RouteResponse");
  const integrationsOf = partsOf("AWS::ApiGatewayV2::Integration");
  const authorizersOf = partsOf("AWS::ApiGatewayV2::Authorizer");

  return apis.map((resource) => {
    const protocol = stack.text(resource, "ProtocolType");
    if (protocol !== "HTTP" && protocol !== "WEBSOCKET") {
      throw new AssemblyError(resource, `property ProtocolType: expected HTTP or WEBSOCKET, was given ${protocol}`);
    }
    const stages = stagesOf(resource).map((stage) => stack.text(stage, "StageName"));
    if (stages.length === 0) throw new AssemblyError(resource, "has no stage, so it is served nowhere; add a stage");
    const routes = routesOf(resource);
    refuseRepeats(routes, (route) => `the route key ${stack.text(route, "RouteKey")}`);
    return {
      resource,
      protocol,
      apiId: stack.identity(resource).ref,
      stages,
      routes,
      routeResponses: routeResponsesOf(resource),
      integrations: integrationsOf(resource),
      authorizers: authorizersOf(resource),
    };
  });
}
