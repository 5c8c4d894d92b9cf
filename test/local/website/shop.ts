import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { App, Duration, Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod, WebSocketApi, WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration, WebSocketLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersFrameOption,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  Function as ViewerFunction,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { HttpOrigin, S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { UserPool } from "aws-cdk-lib/aws-cognito";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { BlockPublicAccess, Bucket } from "aws-cdk-lib/aws-s3";
import { BucketDeployment, CacheControl, Source } from "aws-cdk-lib/aws-s3-deployment";
import { type Runtime as LocalRuntime, startRuntime } from "../../../local/runtime.ts";
import { type Ask, createAsk } from "./ask.ts";

export const FILES = {
  "index.html": "<!doctype html><title>Shop</title>",
  "app.webmanifest": "{}",
  LICENSE: "free",
  "data.unheardof": "?",
  "naïve name.txt": "ok",
  "assets/app-1a2b3c.js": "export {};",
  "assets/app-1a2b3c.css": "p {}",
};

const HANDLER = `
  export async function handler({ rawPath, rawQueryString, headers, body, requestContext }) {
    if (requestContext.eventType === "CONNECT") return { statusCode: 200 };
    if (requestContext.eventType === "MESSAGE") return { statusCode: 200, body: "heard " + body };
    const { method } = requestContext.http;
    return {
      statusCode: 200,
      headers: { "content-type": "application/json", "x-frame-options": "SAMEORIGIN", "x-powered-by": "lambda" },
      cookies: ["a=1; Secure", "b=2"],
      body: JSON.stringify({ method, rawPath, rawQueryString, authorization: headers.authorization, body }),
    };
  }
`;

/** Paths without a dot in their last segment are views of the page. */
const VIEWS = `
  function handler(event) {
    const { request } = event;
    if (!request.uri.split("/").pop().includes(".")) request.uri = "/index.html";
    return request;
  }
`;

/** A website with its APIs, written the way that an app would. */
function synthesizeShop(directory: string): string {
  const outDirectory = join(directory, "cdk.out");
  const cdkApp = new App({ outdir: outDirectory, context: { "aws:cdk:enable-path-metadata": true } });
  const stack = new Stack(cdkApp, "Shop");
  const write = (file: string, content: string) => {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), content);
  };
  for (const [name, content] of Object.entries(FILES)) write(join("site", name), content);
  write("code/index.mjs", HANDLER);

  const handler = new LambdaFunction(stack, "Handler", {
    runtime: Runtime.NODEJS_24_X,
    handler: "index.handler",
    code: Code.fromAsset(join(directory, "code")),
  });
  const http = new HttpApi(stack, "Http");
  const integration = new HttpLambdaIntegration("Integration", handler);
  http.addRoutes({ path: "/api/orders", methods: [HttpMethod.GET, HttpMethod.POST], integration });
  const live = new WebSocketApi(stack, "Live", {
    connectRouteOptions: { integration: new WebSocketLambdaIntegration("Connect", handler) },
  });
  live.addRoute("say", { integration: new WebSocketLambdaIntegration("Say", handler), returnResponse: true });
  new WebSocketStage(stack, "LiveStage", { webSocketApi: live, stageName: "ws", autoDeploy: true });

  const bucket = new Bucket(stack, "Site", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.DESTROY,
    autoDeleteObjects: true,
  });
  const responseHeadersPolicy = new ResponseHeadersPolicy(stack, "Headers", {
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: "default-src 'self'", override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: false },
      strictTransportSecurity: { accessControlMaxAge: Duration.days(1), includeSubdomains: true, override: true },
    },
    customHeadersBehavior: { customHeaders: [{ header: "X-Shop", value: "open", override: true }] },
    removeHeaders: ["X-Powered-By"],
  });
  const viewerFunction = new ViewerFunction(stack, "Views", {
    code: FunctionCode.fromInline(VIEWS),
    runtime: FunctionRuntime.JS_2_0,
  });
  const apiBehavior = {
    cachePolicy: CachePolicy.CACHING_DISABLED,
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    allowedMethods: AllowedMethods.ALLOW_ALL,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    responseHeadersPolicy,
  };
  const originOf = (api: HttpApi | WebSocketApi) => new HttpOrigin(Fn.select(2, Fn.split("/", api.apiEndpoint)));
  const distribution = new Distribution(stack, "Web", {
    defaultRootObject: "index.html",
    defaultBehavior: {
      origin: S3BucketOrigin.withOriginAccessControl(bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      compress: true,
      responseHeadersPolicy,
      functionAssociations: [{ function: viewerFunction, eventType: FunctionEventType.VIEWER_REQUEST }],
    },
    additionalBehaviors: {
      "/api/*": { origin: originOf(http), ...apiBehavior },
      "/ws": { origin: originOf(live), ...apiBehavior },
    },
  });

  const pool = new UserPool(stack, "Customers");
  const client = pool.addClient("Web", {
    oAuth: { flows: { authorizationCodeGrant: true }, callbackUrls: [`https://${distribution.domainName}/`] },
  });
  const assets = new BucketDeployment(stack, "Assets", {
    destinationBucket: bucket,
    sources: [Source.asset(join(directory, "site"))],
    exclude: ["*"],
    include: ["assets/*"],
    prune: false,
    cacheControl: [CacheControl.fromString("public, max-age=31536000, immutable")],
  });
  const pages = new BucketDeployment(stack, "Pages", {
    destinationBucket: bucket,
    sources: [
      Source.asset(join(directory, "site")),
      Source.jsonData("config.json", {
        issuer: pool.userPoolProviderUrl,
        clientId: client.userPoolClientId,
        webSocketUrl: `wss://${distribution.domainName}/ws`,
        host: distribution.domainName,
        quoted: `"${stack.stackName}"`,
      }),
    ],
    exclude: ["assets/*"],
    cacheControl: [CacheControl.noCache()],
    distribution,
  });
  pages.node.addDependency(assets);
  cdkApp.synth();
  return outDirectory;
}

export interface Shop {
  runtime: LocalRuntime;
  ask: Ask;
  close(): Promise<void>;
}

export async function startShop(): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), "shop-"));
  const runtime = await startRuntime({
    outDirectory: synthesizeShop(directory),
    port: 0,
    dynamoDb: "dynalite",
    log: () => undefined,
    onStorageLost: (error) => {
      throw error;
    },
  });
  return {
    runtime,
    ask: createAsk(runtime.baseUrl),
    async close() {
      await runtime.close();
      rmSync(directory, { recursive: true });
    },
  };
}
