// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how Fn::Sub is written.
import { describe, expect, test } from "vitest";
import { lambda, load, resource } from "./write-assembly.ts";

const part = (name: string, type: string, properties: object) =>
  resource(name, `AWS::ApiGatewayV2::${type}`, { ApiId: { Ref: "Api" }, ...properties });
const api = (name: string, properties: object) => resource(name, "AWS::ApiGatewayV2::Api", properties);
const FUNCTION_ARN = { "Fn::GetAtt": ["Order", "Arn"] };

interface Changes {
  api?: object;
  stage?: object;
  integration?: object;
  route?: object;
  authorizer?: object;
  others?: object;
}

/** An HTTP API with one route, and what a test changes about it. */
function http({ others, ...changes }: Changes = {}): object {
  return {
    Resources: {
      Order: lambda("Order"),
      Api: api("Api", { ProtocolType: "HTTP", ...changes.api }),
      Stage: part("Stage", "Stage", { StageName: "$default", ...changes.stage }),
      Integration: part("Integration", "Integration", {
        IntegrationType: "AWS_PROXY",
        IntegrationUri: FUNCTION_ARN,
        PayloadFormatVersion: "2.0",
        ...changes.integration,
      }),
      Authorizer: part("Authorizer", "Authorizer", {
        AuthorizerType: "JWT",
        IdentitySource: ["$request.header.Authorization"],
        JwtConfiguration: { Audience: ["shop"], Issuer: "https://issuer.example" },
        ...changes.authorizer,
      }),
      Route: part("Route", "Route", {
        RouteKey: "GET /orders",
        Target: { "Fn::Sub": "integrations/${Integration}" },
        ...changes.route,
      }),
      ...others,
    },
  };
}

/** A WebSocket API with one two-way route, and what a test changes about it. */
function webSocket({ others, ...changes }: Changes = {}): object {
  return {
    Resources: {
      Order: lambda("Order"),
      Api: api("Api", {
        ProtocolType: "WEBSOCKET",
        RouteSelectionExpression: "$request.body.action",
        ...changes.api,
      }),
      Stage: part("Stage", "Stage", { StageName: "live", ...changes.stage }),
      Integration: part("Integration", "Integration", {
        IntegrationType: "AWS_PROXY",
        IntegrationUri: {
          "Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Order.Arn}/invocations",
        },
        ...changes.integration,
      }),
      Authorizer: part("Authorizer", "Authorizer", {
        AuthorizerType: "REQUEST",
        AuthorizerUri: {
          "Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Order.Arn}/invocations",
        },
        ...changes.authorizer,
      }),
      Route: part("Route", "Route", {
        RouteKey: "watch",
        RouteResponseSelectionExpression: "$default",
        Target: { "Fn::Sub": "integrations/${Integration}" },
        ...changes.route,
      }),
      RouteResponse: part("RouteResponse", "RouteResponse", {
        RouteId: { Ref: "Route" },
        RouteResponseKey: "$default",
      }),
      ...others,
    },
  };
}

describe("HTTP APIs", () => {
  test("an authorizer of another issuer is taken as it is", () => {
    const jwt = { AuthorizationType: "JWT", AuthorizerId: { Ref: "Authorizer" } };
    expect(load(http({ route: jwt })).httpApis[0]?.routes[0]?.authorizer).toEqual({
      issuer: "https://issuer.example",
      audience: ["shop"],
      identitySources: ["$request.header.Authorization"],
    });
  });

  test("CORS is taken as it is configured", () => {
    const CorsConfiguration = { AllowOrigins: ["https://a.example"], AllowMethods: ["GET"], MaxAge: "60" };
    expect(load(http({ api: { CorsConfiguration } })).httpApis[0]?.cors).toEqual({
      allowOrigins: ["https://a.example"],
      allowMethods: ["GET"],
      allowHeaders: [],
      exposeHeaders: [],
      allowCredentials: false,
      maxAgeSeconds: 60,
    });
    expect(load(http()).httpApis[0]).not.toHaveProperty("cors");
  });

  test("each stage is served, with all routes", () => {
    const others = { Beta: part("Beta", "Stage", { StageName: "beta" }) };
    expect(load(http({ others })).httpApis).toMatchObject([
      { stage: "$default", routes: [{ routeKey: "GET /orders" }] },
      { stage: "beta", routes: [{ routeKey: "GET /orders" }] },
    ]);
  });

  test.each<[string, Changes, string]>([
    [
      "payload format 1.0",
      { integration: { PayloadFormatVersion: "1.0" } },
      'Integration): property PayloadFormatVersion: expected "2.0", was given "1.0"',
    ],
    [
      "an integration with no function",
      { integration: { IntegrationType: "HTTP_PROXY" } },
      'Integration): property IntegrationType: expected "AWS_PROXY", was given "HTTP_PROXY"',
    ],
    [
      "a function of another stack",
      { integration: { IntegrationUri: "arn:aws:lambda:us-east-1:1:function:x" } },
      "Integration): has to invoke a function of the stack",
    ],
    [
      "a timeout above the limit",
      { integration: { TimeoutInMillis: 30_001 } },
      "Integration): property TimeoutInMillis: expected 50 to 30000, was given 30001",
    ],
    [
      "IAM authorization",
      { route: { AuthorizationType: "AWS_IAM" } },
      'Route): property AuthorizationType: expected ("NONE" | "JWT"), was given "AWS_IAM"',
    ],
    [
      "an authorizer that is not there",
      { route: { AuthorizationType: "JWT" } },
      "Route): property AuthorizerId: expected an authorizer of its API",
    ],
    [
      "a Lambda authorizer",
      { authorizer: { AuthorizerType: "REQUEST" } },
      'Authorizer): property AuthorizerType: expected "JWT", was given "REQUEST"',
    ],
    [
      "a route key without a method",
      { route: { RouteKey: "/orders" } },
      'Route): property RouteKey: expected $default or a method and a path, such as GET /orders/{id}, was given "/orders"',
    ],
    [
      "a target that is no integration",
      { route: { Target: "integrations/other" } },
      "Route): property Target: expected integrations/ and an integration of its API, was given integrations/other",
    ],
    [
      "a member of CORS that is unknown",
      { api: { CorsConfiguration: { AllowPlanets: ["*"] } } },
      "Api): property CorsConfiguration.AllowPlanets is not supported by the local runtime",
    ],
    [
      "stage variables",
      { stage: { StageVariables: {} } },
      "Stage): property StageVariables is not supported by the local runtime",
    ],
    [
      "a protocol that is neither",
      { api: { ProtocolType: "REST" } },
      "Api): property ProtocolType: expected HTTP or WEBSOCKET, was given REST",
    ],
    [
      "a stage of no API",
      { stage: { ApiId: "elsewhere" } },
      "Stage): belongs to elsewhere (property ApiId), which the stack does not define",
    ],
    [
      "a second route of the same key",
      { others: { Again: part("Again", "Route", { RouteKey: "GET /orders" }) } },
      "Route): has the route key GET /orders, as Shop/Route (AWS::ApiGatewayV2::Route) has",
    ],
    [
      "an API without a stage",
      { others: { Bare: api("Bare", { ProtocolType: "HTTP" }) } },
      "Shop/Bare (AWS::ApiGatewayV2::Api): has no stage",
    ],
  ])("%s is refused", (_, changes, problem) => {
    expect(() => load(http(changes))).toThrow(problem);
  });

  test("a second API in the same place is refused, naming both", () => {
    const others = {
      Other: api("Other", { ProtocolType: "HTTP" }),
      OtherStage: part("OtherStage", "Stage", { ApiId: { Ref: "Other" }, StageName: "$default" }),
    };
    expect(() => load(http({ others }))).toThrow(
      "Shop/OtherStage (AWS::ApiGatewayV2::Stage): has the base path /, as Shop/Stage (AWS::ApiGatewayV2::Stage) has",
    );
  });
});

describe("WebSocket APIs", () => {
  test("a route is two-way only when it has a route response and an expression that selects it", () => {
    const twoWay = (changes: Changes) => load(webSocket(changes)).webSocketApis[0]?.routes[0]?.twoWay;
    const unselected = { RouteResponseSelectionExpression: { Ref: "AWS::NoValue" } };
    const noResponse = { RouteResponse: { Type: "AWS::CDK::Metadata" } };
    expect(twoWay({})).toBe(true);
    expect(twoWay({ route: unselected })).toBe(false);
    expect(twoWay({ others: noResponse })).toBe(false);
  });

  test.each<[string, Changes, string]>([
    [
      "a timeout above the limit",
      { integration: { TimeoutInMillis: 29_001 } },
      "property TimeoutInMillis: expected 50 to 29000, was given 29001",
    ],
    [
      "an authorizer on another route than $connect",
      { route: { AuthorizationType: "CUSTOM", AuthorizerId: { Ref: "Authorizer" } } },
      "Route): property AuthorizationType: expected NONE, as the route is not $connect",
    ],
    [
      "an identity source in the style of HTTP APIs",
      { authorizer: { IdentitySource: ["$request.header.Authorization"] } },
      "property IdentitySource.0: expected route.request.header.NAME",
    ],
    [
      "a selection by header",
      { api: { RouteSelectionExpression: "$request.header.x" } },
      "property RouteSelectionExpression: expected the path of a member of the body",
    ],
  ])("%s is refused", (_, changes, problem) => {
    expect(() => load(webSocket(changes))).toThrow(problem);
  });

  test("a stage of the name of another API's is refused, naming both", () => {
    const others = {
      Other: api("Other", { ProtocolType: "HTTP" }),
      OtherStage: part("OtherStage", "Stage", { ApiId: { Ref: "Other" }, StageName: "live" }),
    };
    expect(() => load(webSocket({ others }))).toThrow(
      "Shop/OtherStage (AWS::ApiGatewayV2::Stage): has the base path /live, as Shop/Stage (AWS::ApiGatewayV2::Stage) has",
    );
  });
});
