import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { awsRequests } from "../../../functions/store/aws-requests.ts";
import { createDocumentClient } from "../../../functions/store/dynamodb.ts";
import { managementApiPush } from "../../../functions/store/push.ts";

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI", sessionToken: "session" };
const REGION = "eu-central-1";
Object.assign(process.env, {
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
});

interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let requests: Received[];
let answer: { status: number; headers?: Record<string, string>; body: string };
let endpoint: string;
let server: ReturnType<typeof createServer>;
beforeEach(async () => {
  requests = [];
  answer = { status: 200, body: "{}" };
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** Whether AWS takes the signature. Source: IAM user guide, "Create a signed AWS API request". */
function isSigned({ method, url, headers, body }: Received, service: string): boolean {
  const [, key, date, region, of, signed = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(.+)$/.exec(
      headers.authorization ?? "",
    ) ?? [];
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const path = url.split("/").map(encodeURIComponent).join("/");
  const values = signed.split(";").map((name) => `${name}:${headers[name]}\n`);
  const canonical = [method, path, "", values.join(""), signed, hash(body)].join("\n");
  const scope = `${date}/${region}/${of}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hash(canonical)].join("\n");
  const hmac = (by: string | Buffer, what: string) => createHmac("sha256", by).update(what).digest();
  const signingKey = [date ?? "", REGION, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${CREDENTIALS.secretAccessKey}`,
  );
  return (
    key === CREDENTIALS.accessKeyId &&
    signed.includes("host") &&
    signed.includes("x-amz-security-token") &&
    hmac(signingKey, text).toString("hex") === signature
  );
}

describe("the signature is as AWS asks for it", () => {
  const Key = { username: { S: "张三" } };

  test("by the same check that the SDK's own clients pass", async () => {
    const sdk = { endpoint, region: REGION, credentials: CREDENTIALS };
    await new DynamoDBClient(sdk).send(new GetItemCommand({ TableName: "Users", Key }));
    await new ApiGatewayManagementApiClient({ ...sdk, endpoint: `${endpoint}/ws` }).send(
      new PostToConnectionCommand({ ConnectionId: "a-b_c=", Data: "{}" }),
    );
    await createDocumentClient({ endpoint }).get({ TableName: "Users", Key: { username: "张三" } });
    await managementApiPush(`${endpoint}/ws`, () => undefined).post({ connectionId: "a-b_c=", frame: "{}" });
    const [get, post, ourGet, ourPost] = requests;
    expect([get, ourGet].map((request) => request && isSigned(request, "dynamodb"))).toEqual([true, true]);
    expect([post, ourPost].map((request) => request && isSigned(request, "execute-api"))).toEqual([true, true]);
    expect(JSON.parse(ourGet?.body ?? "")).toEqual(JSON.parse(get?.body ?? ""));
    expect(ourGet?.headers["x-amz-target"]).toBe(get?.headers["x-amz-target"]);
    expect(ourPost).toMatchObject({ method: post?.method, url: post?.url, body: post?.body });
    expect(ourGet && isSigned({ ...ourGet, body: "{}" }, "dynamodb")).toBe(false);
  });

  test("credentials are read anew for each request", async () => {
    const client = createDocumentClient({ endpoint });
    await client.get({ TableName: "Users", Key: { username: "a" } });
    process.env.AWS_SESSION_TOKEN = "another";
    await client.get({ TableName: "Users", Key: { username: "a" } });
    process.env.AWS_SESSION_TOKEN = CREDENTIALS.sessionToken;
    expect(requests.map(({ headers }) => headers["x-amz-security-token"])).toEqual(["session", "another"]);
  });
});

describe("an error has its name", () => {
  const send = () =>
    awsRequests({ service: "dynamodb", endpoint, connectMsMax: 1000, answerMsMax: 200 }).send({
      method: "POST",
      path: "/",
      headers: {},
    });

  test.each([
    ["in the body, behind a namespace", {}, '{"__type":"com.amazonaws.dynamodb.v20120810#Wrong"}', "Wrong"],
    ["in a header, before an address", { "x-amzn-errortype": "Wrong:http://internal/" }, "", "Wrong"],
    ["nowhere, and then its status is in its place", {}, "<html>", "Status400"],
  ])("%s", async (_where, headers, body, name) => {
    answer = { status: 400, headers: { "x-amzn-requestid": "r1", ...headers }, body };
    await expect(send()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400, requestId: "r1" } });
    expect(requests).toHaveLength(1);
  });

  test("a server that does not answer is asked three times, each within its time", async () => {
    server.removeAllListeners("request");
    let asked = 0;
    server.on("request", () => asked++);
    await expect(send()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(asked).toBe(3);
  });
});
