import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { managementApiPush } from "../../../functions/store/push.ts";

Object.assign(process.env, { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" });

/** A management API that answers with these, the last one for ever, and what was asked of it. */
let server: Server;
let answers: { status: number; headers?: Record<string, string>; body?: string }[];
let requests: { url: string; body: string }[];
let logged: string[];
beforeEach(async () => {
  requests = [];
  logged = [];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ url: request.url ?? "", body });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    response.writeHead(answer?.status ?? 500, answer?.headers).end(answer?.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const post = () =>
  managementApiPush(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ws`, (message) => {
    logged.push(message);
  }).post({ connectionId: "a-b_c=", frame: '{"type":"message"}' });

test("[P3] what is accepted is delivered", async () => {
  answers = [{ status: 200 }];
  expect(await post()).toBe("delivered");
  expect(requests).toEqual([{ url: "/ws/@connections/a-b_c%3D", body: '{"type":"message"}' }]);
});

test.each([
  ["410 with the error's type", { status: 410, headers: { "x-amzn-ErrorType": "GoneException" } }],
  ["410 with nothing else", { status: 410 }],
  ["400, an id that never was", { status: 400, headers: { "x-amzn-ErrorType": "BadRequestException" }, body: "{}" }],
])("[P5] a connection is gone when the answer is %s, which is not asked twice", async (_what, answer) => {
  answers = [answer];
  expect(await post()).toBe("gone");
  expect(requests).toHaveLength(1);
  expect(logged).toEqual([]);
});

test.each([500, 503, 429])("[P3] %i is tried again, and may pass", async (status) => {
  answers = [
    { status, ...(status === 429 ? { headers: { "x-amzn-ErrorType": "LimitExceededException" } } : {}) },
    { status: 200 },
  ];
  expect(await post()).toBe("delivered");
  expect(requests).toHaveLength(2);
});

test("[P3] what fails for good is failed, and logged", async () => {
  answers = [{ status: 500 }];
  expect(await post()).toBe("failed");
  expect(requests).toHaveLength(3);
  expect(logged).toEqual(["push failed"]);
});
