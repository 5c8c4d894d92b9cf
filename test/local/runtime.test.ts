import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { expect, onTestFinished, test } from "vitest";
import { type Runtime, startRuntime } from "../../local/runtime.ts";
import { lambda, resource, table, writeAssembly } from "./assembly/write-assembly.ts";
import { documentsAt } from "./dynamodb/fixture.ts";

/** It answers when the address in its environment has. */
const HANDLER = `
  export async function handler() {
    return { statusCode: 200, body: await (await fetch(process.env.ANSWER_URL)).text() };
  }
`;

const part = (name: string, type: string, ApiId: string, properties: object) =>
  resource(name, `AWS::ApiGatewayV2::${type}`, { ApiId: { Ref: ApiId }, ...properties });

const WEBSOCKET_API = {
  Live: resource("Live", "AWS::ApiGatewayV2::Api", {
    ProtocolType: "WEBSOCKET",
    RouteSelectionExpression: "$request.body.action",
  }),
  LiveStage: part("LiveStage", "Stage", "Live", { StageName: "live" }),
};

/** An HTTP API with one route, on the stage. */
function httpApi({ stage, answerUrl = "" }: { stage: string; answerUrl?: string }): Record<string, object> {
  return {
    Order: lambda("Order", { Environment: { Variables: { ANSWER_URL: answerUrl } } }),
    Api: resource("Api", "AWS::ApiGatewayV2::Api", { ProtocolType: "HTTP" }),
    Stage: part("Stage", "Stage", "Api", { StageName: stage }),
    Integration: part("Integration", "Integration", "Api", {
      IntegrationType: "AWS_PROXY",
      IntegrationUri: { "Fn::GetAtt": ["Order", "Arn"] },
      PayloadFormatVersion: "2.0",
    }),
    Route: part("Route", "Route", "Api", {
      RouteKey: "GET /orders",
      Target: { "Fn::Join": ["/", ["integrations", { Ref: "Integration" }]] },
    }),
  };
}

async function start(Resources: Record<string, object>, options: { ttlIntervalMs?: number } = {}): Promise<Runtime> {
  const outDirectory = writeAssembly({ Resources });
  writeFileSync(join(outDirectory, "asset.c0de", "index.mjs"), HANDLER);
  const runtime = await startRuntime({
    outDirectory,
    port: 0,
    dynamoDb: "dynalite",
    log: () => undefined,
    onStorageLost: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(runtime.close);
  return runtime;
}

/** Answers nothing by itself. */
async function startAnswering() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const asked = once(server, "request").then(([, response]) => response as ServerResponse);
  return { answerUrl: `http://127.0.0.1:${port}`, asked };
}

async function answer({ baseUrl }: Runtime, path: string) {
  const response = await fetch(`${baseUrl}${path}`, { method: "POST" });
  return [response.status, response.headers.get("x-amzn-errortype"), await response.json()];
}

const FORBIDDEN = [403, "ForbiddenException", { message: "Forbidden" }];

test("@connections without a stage is forbidden, whatever HTTP API is at the root", async () => {
  const runtime = await start({ ...WEBSOCKET_API, ...httpApi({ stage: "$default" }) });
  expect(await answer(runtime, "/@connections/abc%3D")).toEqual(FORBIDDEN);
  expect(await answer(runtime, "/%40connections/abc%3D")).toEqual(FORBIDDEN);
  expect(await answer(runtime, "/other")).toEqual([404, null, { message: "Not Found" }]);
});

test("a path outside of every stage is forbidden where there is a WebSocket API, else not found", async () => {
  const both = await start({ ...WEBSOCKET_API, ...httpApi({ stage: "dev" }) });
  expect(await answer(both, "/other")).toEqual(FORBIDDEN);
  expect(await answer(both, "/dev/other")).toEqual([404, null, { message: "Not Found" }]);
  const one = await start(httpApi({ stage: "dev" }));
  expect(await answer(one, "/other")).toEqual([404, null, { message: "Not Found" }]);
});

test("a request under way is answered when the runtime closes, and a new one is refused", async () => {
  const { answerUrl, asked } = await startAnswering();
  const runtime = await start(httpApi({ stage: "$default", answerUrl }));
  const underWay = fetch(`${runtime.baseUrl}/orders`);
  const response = await asked;
  const closed = runtime.close();
  const refused = await fetch(`${runtime.baseUrl}/orders`);
  expect([refused.status, await refused.json()]).toEqual([503, { message: "Service Unavailable" }]);
  response.end("an order");
  expect(await (await underWay).text()).toBe("an order");
  await closed;
});

test("expired items are deleted by themselves", async () => {
  const ttl = { TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true } };
  const runtime = await start({ Orders: table("Orders", ttl) }, { ttlIntervalMs: 50 });
  const documents = documentsAt({ endpoint: runtime.storageEndpoint });
  const TableName = runtime.app.tables[0]?.tableName;
  const put = (Item: { id: string; expiresAt?: number }) => documents.send(new PutCommand({ TableName, Item }));
  await put({ id: "expired", expiresAt: Math.floor(Date.now() / 1000) - 1 });
  await put({ id: "kept" });
  const ids = async () => (await documents.send(new ScanCommand({ TableName }))).Items?.map(({ id }) => id);
  await expect.poll(ids, { timeout: 10_000 }).toEqual(["kept"]);
});
