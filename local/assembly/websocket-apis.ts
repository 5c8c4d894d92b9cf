import * as v from "valibot";
import type { WebSocketApiModel, WebSocketRouteModel } from "../model.ts";
import type { ApiParts } from "./api-parts.ts";
import { AssemblyError } from "./assembly-error.ts";
import { functionArnOf, readTargets } from "./integrations.ts";
import { only, text, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";

const SELECTION_EXPRESSION = /^\$request\.body(?:\.\w+)+$/;

const ApiSchema = v.strictObject({
  ProtocolType: text,
  RouteSelectionExpression: v.pipe(
    text,
    v.regex(SELECTION_EXPRESSION, "expected the path of a member of the body, such as $request.body.action"),
  ),
  DisableExecuteApiEndpoint: only(false),
  ...withoutLocalEffect(
    "ApiKeySelectionExpression",
    "Description",
    "DisableSchemaValidation",
    "IpAddressType",
    "Name",
    "Tags",
    "Version",
  ),
});

const RouteSchema = v.strictObject({
  ApiId: text,
  RouteKey: text,
  Target: text,
  RouteResponseSelectionExpression: only("$default"),
  AuthorizationType: v.optional(v.picklist(["NONE", "CUSTOM"]), "NONE"),
  AuthorizerId: v.optional(text),
  ApiKeyRequired: only(false),
  ...withoutLocalEffect("OperationName"),
});

const RouteResponseSchema = v.strictObject({
  ApiId: text,
  RouteId: text,
  RouteResponseKey: v.literal("$default"),
});

const IDENTITY_SOURCE = /^route\.request\.(?:header|querystring)\.\S+$/;

const AuthorizerSchema = v.strictObject({
  ApiId: text,
  AuthorizerType: v.literal("REQUEST"),
  AuthorizerUri: text,
  IdentitySource: v.optional(
    v.array(
      v.pipe(text, v.regex(IDENTITY_SOURCE, "expected route.request.header.NAME or route.request.querystring.NAME")),
    ),
    [],
  ),
  ...withoutLocalEffect("AuthorizerCredentialsArn", "Name"),
});

/** One model for each stage of the API: every stage serves all of its routes. */
export function readWebSocketApi(stack: Stack, parts: ApiParts): WebSocketApiModel[] {
  const { resource, apiId } = parts;
  const { RouteSelectionExpression: routeSelectionExpression } = stack.properties(resource, ApiSchema);
  const routes = readRoutes(stack, parts);
  const authorizer = readAuthorizer(stack, parts);
  return parts.stages.map((stage) => ({
    path: resource.path,
    apiId,
    stage,
    routeSelectionExpression,
    routes,
    ...(authorizer && { authorizer }),
  }));
}

/** Source: API Gateway Developer Guide, "Set up route responses": two-way takes the response and its selection. */
function readRoutes(stack: Stack, parts: ApiParts): WebSocketRouteModel[] {
  const targetOf = readTargets(stack, parts);
  const withResponse = new Set(
    parts.routeResponses.map((response) => stack.properties(response, RouteResponseSchema).RouteId),
  );
  return parts.routes.map((route) => {
    const { RouteKey: routeKey, RouteResponseSelectionExpression: selection } = stack.properties(route, RouteSchema);
    const twoWay = selection !== undefined && withResponse.has(stack.identity(route).ref);
    return { routeKey, ...targetOf(route), twoWay };
  });
}

/** Source: API Gateway Developer Guide, "WebSocket API access control": only `$connect` can have an authorizer. */
function readAuthorizer(stack: Stack, parts: ApiParts): WebSocketApiModel["authorizer"] {
  const authorizers = new Map(
    parts.authorizers.map((authorizer) => {
      const { AuthorizerUri: uri, IdentitySource } = stack.properties(authorizer, AuthorizerSchema);
      const functionArn = functionArnOf(stack, authorizer, uri);
      return [stack.identity(authorizer).ref, { functionArn, identitySources: IdentitySource }];
    }),
  );

  let chosen: WebSocketApiModel["authorizer"];
  for (const route of parts.routes) {
    const properties = stack.properties(route, RouteSchema);
    if (properties.AuthorizationType === "NONE") continue;
    if (properties.RouteKey !== "$connect") {
      throw new AssemblyError(route, "property AuthorizationType: expected NONE, as the route is not $connect");
    }
    chosen = authorizers.get(properties.AuthorizerId ?? "");
    if (chosen === undefined) {
      throw new AssemblyError(route, "property AuthorizerId: expected an authorizer of its API");
    }
  }
  return chosen;
}
