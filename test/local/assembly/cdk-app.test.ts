import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod, WebSocketApi, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer, WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration, WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { ManagedLoginVersion, OAuthScope, ResourceServerScope, UserPool } from "aws-cdk-lib/aws-cognito";
import { AttributeType, Table, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LoadedApp, loadApp } from "../../../local/assembly/load-app.ts";
import { BASE_URL } from "./write-assembly.ts";

const directory = mkdtempSync(join(tmpdir(), "cdk-app-"));
const outDirectory = join(directory, "cdk.out");
let app: LoadedApp;

beforeAll(() => {
  synthesize();
  app = loadApp({ outDirectory, baseUrl: BASE_URL, parameters: { Greeting: "hello" } });
});

afterAll(() => rmSync(directory, { recursive: true }));

/** One of everything that is served, written the way that an app would. */
function synthesize(): void {
  const cdkApp = new App({ outdir: outDirectory, context: { "aws:cdk:enable-path-metadata": true } });
  const stack = new Stack(cdkApp, "Shop");

  const orders = new TableV2(stack, "Orders", {
    partitionKey: { name: "customer", type: AttributeType.STRING },
    sortKey: { name: "number", type: AttributeType.NUMBER },
    timeToLiveAttribute: "expiresAt",
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: TableEncryptionV2.awsManagedKey(),
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    tags: [{ key: "a", value: "b" }],
  });
  const stock = new Table(stack, "Stock", {
    tableName: "stock",
    partitionKey: { name: "id", type: AttributeType.BINARY },
  });

  const pool = new UserPool(stack, "Customers");
  const read = new ResourceServerScope({ scopeName: "read", scopeDescription: "Read" });
  const server = pool.addResourceServer("Server", { identifier: "shop", scopes: [read] });
  const client = pool.addClient("Web", {
    oAuth: {
      flows: { authorizationCodeGrant: true },
      callbackUrls: [`${BASE_URL}/`],
      logoutUrls: [`${BASE_URL}/bye`],
      scopes: [OAuthScope.OPENID, OAuthScope.resourceServer(server, read)],
    },
    accessTokenValidity: Duration.minutes(30),
    refreshTokenValidity: Duration.days(10),
  });
  const domain = pool.addDomain("Domain", {
    cognitoDomain: { domainPrefix: `shop-${stack.account}` },
    managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
  });

  const asset = mkdtempSync(join(directory, "code-"));
  writeFileSync(join(asset, "index.mjs"), "export const handler = async () => ({ statusCode: 200 });\n");
  const createFunction = (id: string, environment: Record<string, string> = {}) =>
    new LambdaFunction(stack, id, {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(asset),
      timeout: Duration.seconds(10),
      memorySize: 512,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      logGroup: new LogGroup(stack, `${id}Logs`),
      environment,
    });

  const live = new WebSocketApi(stack, "Live", {
    connectRouteOptions: {
      integration: new WebSocketLambdaIntegration("Connect", createFunction("Connect")),
      authorizer: new WebSocketLambdaAuthorizer("Authorizer", createFunction("Authorize"), {
        identitySource: ["route.request.header.Authorization"],
      }),
    },
  });
  const watch = new WebSocketLambdaIntegration("Watch", createFunction("Watch"), { timeout: Duration.seconds(5) });
  live.addRoute("watch", { integration: watch, returnResponse: true });
  live.addRoute("$default", { integration: watch });
  const stage = new WebSocketStage(stack, "LiveStage", { webSocketApi: live, stageName: "live", autoDeploy: true });

  const greeting = new CfnParameter(stack, "Greeting", { default: "hi" });
  const order = createFunction("Order", {
    CALLBACK_URL: stage.callbackUrl,
    LIVE_URL: stage.url,
    ORDERS: orders.tableName,
    STOCK: stock.tableName,
    GREETING: greeting.valueAsString,
  });
  orders.grantReadWriteData(order);
  stage.grantManagementApiAccess(order);

  const http = new HttpApi(stack, "Http");
  const integration = new HttpLambdaIntegration("OrderIntegration", order);
  http.addRoutes({
    path: "/orders/{id}",
    methods: [HttpMethod.PUT],
    integration,
    authorizer: new HttpJwtAuthorizer("Jwt", pool.userPoolProviderUrl, { jwtAudience: [client.userPoolClientId] }),
    authorizationScopes: ["shop/read"],
  });
  http.addRoutes({ path: "/{proxy+}", integration });

  new CfnOutput(stack, "Url", { value: http.apiEndpoint });
  new CfnOutput(stack, "SignIn", { value: domain.baseUrl() });
  new CfnOutput(stack, "LiveArn", { value: live.arnForExecuteApiV2("$connect") });
  cdkApp.synth();
}

test("a table has its keys, its expiry attribute and a name that stays the same", () => {
  const [orders, stock] = app.tables;
  expect(orders).toEqual({
    path: "Shop/Orders/Resource",
    tableName: expect.stringMatching(/^Orders[0-9A-F]{8}$/),
    keySchema: [
      { attributeName: "customer", keyType: "HASH" },
      { attributeName: "number", keyType: "RANGE" },
    ],
    attributeDefinitions: [
      { attributeName: "customer", attributeType: "S" },
      { attributeName: "number", attributeType: "N" },
    ],
    ttlAttribute: "expiresAt",
  });
  expect(stock).toMatchObject({ tableName: "stock", attributeDefinitions: [{ attributeType: "B" }] });
  expect(stock).not.toHaveProperty("ttlAttribute");
});

test("a function has its code, limits and environment", () => {
  const order = app.functions.find(({ path }) => path === "Shop/Order/Resource");
  expect(order).toEqual({
    path: "Shop/Order/Resource",
    functionName: expect.stringMatching(/^Order[0-9A-F]{8}$/),
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${order?.functionName}`,
    codeDirectory: expect.stringContaining(join(outDirectory, "asset.")),
    handler: "index.handler",
    timeoutSeconds: 10,
    memoryMegabytes: 512,
    environment: {
      CALLBACK_URL: "http://localhost:3000/live",
      LIVE_URL: "ws://localhost:3000/live",
      ORDERS: app.tables[0]?.tableName,
      STOCK: "stock",
      GREETING: "hello",
    },
  });
});

test("an HTTP API has its routes, with the authorizer and the scopes of each", () => {
  const [pool] = app.userPools;
  const functionArn = app.functions.find(({ path }) => path === "Shop/Order/Resource")?.arn;
  expect(app.httpApis).toEqual([
    {
      path: "Shop/Http/Resource",
      apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
      stage: "$default",
      routes: [
        {
          routeKey: "PUT /orders/{id}",
          functionArn,
          timeoutMs: 30_000,
          scopes: ["shop/read"],
          authorizer: {
            issuer: pool?.issuer,
            audience: [pool?.clients[0]?.clientId],
            identitySources: ["$request.header.Authorization"],
          },
        },
        { routeKey: "ANY /{proxy+}", functionArn, timeoutMs: 30_000, scopes: [] },
      ],
    },
  ]);
});

test("a WebSocket API has its routes, says which are two-way, and has the authorizer of $connect", () => {
  const arnOf = (id: string) => app.functions.find(({ path }) => path === `Shop/${id}/Resource`)?.arn;
  expect(app.webSocketApis).toEqual([
    {
      path: "Shop/Live/Resource",
      apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
      stage: "live",
      routeSelectionExpression: "$request.body.action",
      routes: [
        { routeKey: "$connect", functionArn: arnOf("Connect"), timeoutMs: 29_000, twoWay: false },
        { routeKey: "watch", functionArn: arnOf("Watch"), timeoutMs: 5_000, twoWay: true },
        { routeKey: "$default", functionArn: arnOf("Watch"), timeoutMs: 5_000, twoWay: false },
      ],
      authorizer: {
        functionArn: arnOf("Authorize"),
        identitySources: ["route.request.header.Authorization"],
      },
    },
  ]);
});

test("a user pool has its local issuer and its clients", () => {
  const [pool] = app.userPools;
  expect(pool?.poolId).toMatch(/^us-east-1_[A-Za-z0-9]{9}$/);
  expect(app.userPools).toEqual([
    {
      path: "Shop/Customers/Resource",
      poolId: pool?.poolId,
      issuer: `http://localhost:3000/_local/issuer/${pool?.poolId}`,
      clients: [
        {
          path: "Shop/Customers/Web/Resource",
          clientId: expect.stringMatching(/^[a-z0-9]{26}$/),
          callbackUrls: ["http://localhost:3000/"],
          logoutUrls: ["http://localhost:3000/bye"],
          scopes: ["openid", "shop/read"],
          accessTokenValiditySeconds: 30 * 60,
          refreshTokenValiditySeconds: 10 * 86_400,
        },
      ],
    },
  ]);
});

test("outputs show local addresses, and ARNs as they are", () => {
  expect(app.outputs).toEqual({
    Url: "http://localhost:3000",
    SignIn: app.userPools[0]?.issuer,
    LiveArn: `arn:aws:execute-api:us-east-1:000000000000:${app.webSocketApis[0]?.apiId}/*/$connect`,
  });
});

test("everything is the same when the app is loaded again", () => {
  expect(loadApp({ outDirectory, baseUrl: BASE_URL, parameters: { Greeting: "hello" } })).toEqual(app);
});
