import * as v from "valibot";
import type { CorsModel, HttpApiModel, HttpRouteModel, JwtAuthorizerModel } from "../model.ts";
import type { ApiParts } from "./api-parts.ts";
import { AssemblyError } from "./assembly-error.ts";
import { readTargets } from "./integrations.ts";
import { flag, only, text, wholeNumber, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";

const texts = v.optional(v.array(text), []);

const ApiSchema = v.strictObject({
  ProtocolType: text,
  CorsConfiguration: v.optional(
    v.strictObject({
      AllowOrigins: texts,
      AllowMethods: texts,
      AllowHeaders: texts,
      ExposeHeaders: texts,
      AllowCredentials: v.optional(flag, false),
      MaxAge: v.optional(wholeNumber),
    }),
  ),
  DisableExecuteApiEndpoint: only(false),
  ...withoutLocalEffect("Description", "IpAddressType", "Name", "RouteSelectionExpression", "Tags", "Version"),
});

/** Source: API Gateway Developer Guide, "Create routes for HTTP APIs". */
const ROUTE_KEY = /^(?:\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) \/\S*)$/;

const RouteSchema = v.strictObject({
  ApiId: text,
  RouteKey: v.pipe(text, v.regex(ROUTE_KEY, "expected $default or a method and a path, such as GET /orders/{id}")),
  Target: text,
  AuthorizationType: v.optional(v.picklist(["NONE", "JWT"]), "NONE"),
  AuthorizerId: v.optional(text),
  AuthorizationScopes: v.optional(v.array(text), []),
  ApiKeyRequired: only(false),
  ...withoutLocalEffect("OperationName"),
});

const IDENTITY_SOURCE = /^\$request\.(?:header|querystring)\.\S+$/;

const AuthorizerSchema = v.strictObject({
  ApiId: text,
  AuthorizerType: v.literal("JWT"),
  IdentitySource: v.array(
    v.pipe(text, v.regex(IDENTITY_SOURCE, "expected $request.header.NAME or $request.querystring.NAME")),
  ),
  JwtConfiguration: v.strictObject({ Audience: v.array(text), Issuer: v.pipe(text, v.url("expected a URL")) }),
  ...withoutLocalEffect("Name"),
});

/** One model for each stage of the API: every stage serves all of its routes. */
export function readHttpApi(stack: Stack, parts: ApiParts): HttpApiModel[] {
  const { resource, apiId } = parts;
  const cors = corsOf(stack.properties(resource, ApiSchema));
  const routes = readRoutes(stack, parts);
  return parts.stages.map((stage) => ({ path: resource.path, apiId, stage, routes, ...cors }));
}

function corsOf({ CorsConfiguration: cors }: v.InferOutput<typeof ApiSchema>): { cors?: CorsModel } {
  if (cors === undefined) return {};
  return {
    cors: {
      allowOrigins: cors.AllowOrigins,
      allowMethods: cors.AllowMethods,
      allowHeaders: cors.AllowHeaders,
      exposeHeaders: cors.ExposeHeaders,
      allowCredentials: cors.AllowCredentials,
      ...(cors.MaxAge === undefined ? {} : { maxAgeSeconds: cors.MaxAge }),
    },
  };
}

function readRoutes(stack: Stack, parts: ApiParts): HttpRouteModel[] {
  const targetOf = readTargets(stack, parts);
  const authorizers = new Map(
    parts.authorizers.map((authorizer): [string, JwtAuthorizerModel] => {
      const { JwtConfiguration: jwt, IdentitySource } = stack.properties(authorizer, AuthorizerSchema);
      return [
        stack.identity(authorizer).ref,
        { issuer: jwt.Issuer, audience: jwt.Audience, identitySources: IdentitySource },
      ];
    }),
  );

  return parts.routes.map((route) => {
    const properties = stack.properties(route, RouteSchema);
    const unauthorized = { routeKey: properties.RouteKey, ...targetOf(route), scopes: properties.AuthorizationScopes };
    if (properties.AuthorizationType === "NONE") return unauthorized;
    const authorizer = authorizers.get(properties.AuthorizerId ?? "");
    if (authorizer) return { ...unauthorized, authorizer };
    throw new AssemblyError(route, "property AuthorizerId: expected an authorizer of its API");
  });
}
