import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Runtime, startRuntime } from "../../../local/runtime.ts";
import { website } from "../assembly/website-template.ts";
import { resource, writeAssembly } from "../assembly/write-assembly.ts";

const api = (name: string, properties: object) => resource(name, "AWS::ApiGatewayV2::Api", properties);
const webSocketApi = (name: string) =>
  api(name, { ProtocolType: "WEBSOCKET", RouteSelectionExpression: "$request.body.action" });
const stage = (name: string, ApiId: string, StageName: string) =>
  resource(name, "AWS::ApiGatewayV2::Stage", { ApiId: { Ref: ApiId }, StageName });

async function start(template: object): Promise<Runtime> {
  const runtime = await startRuntime({
    outDirectory: writeAssembly(template),
    port: 0,
    dynamoDb: "dynalite",
    log: () => undefined,
    onStorageLost: (error) => {
      throw error;
    },
  });
  onTestFinished(runtime.close);
  return runtime;
}

async function openSocket({ baseUrl }: Runtime, path: string): Promise<WebSocket> {
  const socket = new WebSocket(`${baseUrl.replace("http", "ws")}${path}`);
  await once(socket, "open");
  return socket;
}

test("an API to which no behavior leads is served at its stage, before the website", async () => {
  const others = {
    Beta: api("Beta", { ProtocolType: "HTTP" }),
    BetaStage: stage("BetaStage", "Beta", "beta"),
    Live: webSocketApi("Live"),
    LiveStage: stage("LiveStage", "Live", "live"),
  };
  const runtime = await start(website({ others }));
  const typeOf = async (path: string) => {
    const response = await fetch(runtime.baseUrl + path);
    return [response.status, response.headers.get("content-type")];
  };
  expect(await typeOf("/beta/orders")).toEqual([404, "application/json"]);
  expect(await typeOf("/api/orders")).toEqual([404, "application/json"]);
  expect(await typeOf("/orders")).toEqual([403, "application/xml"]);
  const socket = await openSocket(runtime, "/live");
  const closed = once(socket, "close");
  socket.close();
  await closed;
});

test("the sockets of an API behind the website are closed with the runtime", async () => {
  const others = { Api: webSocketApi("Api"), Stage: stage("Stage", "Api", "live") };
  const runtime = await start(website({ apiBehavior: { PathPattern: "/live" }, others }));
  const closed = once(await openSocket(runtime, "/live"), "close");
  await runtime.close();
  expect((await closed)[0]).toBe(1001);
});

test("an origin's path is the stage of an API", async () => {
  const others = { Api: webSocketApi("Api"), Stage: stage("Stage", "Api", "live") };
  const runtime = await start(website({ apiBehavior: { PathPattern: "/" }, apiOrigin: { OriginPath: "/v1" }, others }));
  const response = await fetch(runtime.baseUrl);
  expect([response.status, await response.json()]).toEqual([403, { message: "Forbidden" }]);

  const Stage = stage("Stage", "Api", "beta");
  const http = await start(website({ apiOrigin: { OriginPath: "/beta" }, others: { Stage } }));
  const answer = await fetch(`${http.baseUrl}/api/orders`);
  expect([answer.status, answer.headers.has("apigw-requestid")]).toEqual([404, true]);
  expect((await fetch(`${http.baseUrl}/beta/api/orders`)).status).toBe(403);
});
