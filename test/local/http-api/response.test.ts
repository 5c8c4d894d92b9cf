import { EventEmitter, once } from "node:events";
import { expect, test } from "vitest";
import { returning, sendRaw, serve } from "./serve.ts";

async function answerTo(payload: unknown) {
  const api = await serve({ invoke: async () => returning(payload) });
  const response = await fetch(api.origin, { redirect: "manual" });
  return { api, response, body: await response.text() };
}

const INTERNAL_ERROR = '{"message":"Internal Server Error"}';

test.each([
  [{ hello: "world" }, '{"hello":"world"}'],
  ["plain text", "plain text"],
  [[1, 2], "[1,2]"],
  [null, "null"],
  [undefined, "null"],
])("a result without statusCode is the body of a 200: %j", async (payload, expected) => {
  const { response, body } = await answerTo(payload);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(body).toBe(expected);
});

test("a result with statusCode and no content type is text/plain, even when it is JSON", async () => {
  const { response, body } = await answerTo({ statusCode: 201, body: '{"a":"张三"}' });
  expect(response.status).toBe(201);
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(body).toBe('{"a":"张三"}');
});

test("headers go out as given, whatever their case; numbers and booleans as text, null not at all", async () => {
  const headers = { "Content-Type": "text/html", "X-Number": 5, "X-Flag": true, "X-None": null, Location: "/next" };
  const { response } = await answerTo({ statusCode: 302, headers });
  expect(response.status).toBe(302);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/html",
    "x-number": "5",
    "x-flag": "true",
    location: "/next",
  });
  expect(response.headers.has("x-none")).toBe(false);
});

test("each cookie becomes a set-cookie of its own", async () => {
  const { response } = await answerTo({ statusCode: 200, headers: { "set-cookie": "a=1" }, cookies: ["b=2", "c=3"] });
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2", "c=3"]);
});

test("a base64 body is sent as its bytes", async () => {
  const api = await serve({
    invoke: async () => returning({ statusCode: 200, body: "AP+A", isBase64Encoded: true }),
  });
  expect([...new Uint8Array(await (await fetch(api.origin)).arrayBuffer())]).toEqual([0, 255, 128]);
});

test.each([0, 100, 199, 600, 200.5, "200", null])("the statusCode %j is 500", async (statusCode) => {
  const { api, response, body } = await answerTo({ statusCode });
  expect(response.status).toBe(500);
  expect(body).toBe(INTERNAL_ERROR);
  expect(api.logged).toEqual([expect.stringContaining("GET /: 500, the function's result is malformed: statusCode")]);
});

test.each([
  { body: { a: 1 } },
  { headers: [] },
  { headers: { "x-list": ["a", "b"] } },
  { headers: { "x-break": "a\r\nset-cookie: b=1" } },
  { headers: { "x-name": "张三" } },
  { headers: { "x-control": "\u0001" } },
  { headers: { "bad name": "a" } },
  { cookies: "a=1" },
  { cookies: ["a=1\nb"] },
  { cookies: [{}] },
])("a result that can't be sent is 500 and says why in the log: %j", async (part) => {
  const { api, response, body } = await answerTo({ statusCode: 200, ...part });
  expect(response.status).toBe(500);
  expect(body).toBe(INTERNAL_ERROR);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(api.logged).toEqual([
    expect.stringMatching(
      /^http-api: GET \/: 500, the function's result (is malformed|has a header that can't be sent): .+$/,
    ),
  ]);
});

test("headers of the connection are the gateway's to set", async () => {
  const headers = { connection: "close", "Transfer-Encoding": "chunked", "content-length": "1", upgrade: "x" };
  const { response, body } = await answerTo({ statusCode: 200, headers, body: "three" });
  expect(body).toBe("three");
  expect(response.headers.get("content-length")).toBe("5");
  expect(response.headers.get("connection")).toBe("keep-alive");
  expect(response.headers.has("upgrade")).toBe(false);
});

test("the function can't name the request", async () => {
  const { api, response } = await answerTo({ statusCode: 200, headers: { "Apigw-Requestid": "mine" } });
  expect(response.headers.get("apigw-requestid")).toBe(api.events[0]?.requestContext.requestId);
});

test("HEAD gets the headers of its answer and no body", async () => {
  const api = await serve({ invoke: async () => returning({ statusCode: 200, body: "hello" }) });
  const response = await sendRaw(api.port, "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(response).toMatch(/content-length: 5\r\n/);
  expect(response).toMatch(/\r\n\r\n$/);
});

test.each([204, 304])("%d has neither body nor length", async (statusCode) => {
  const api = await serve({ invoke: async () => returning({ statusCode, body: "unseen" }) });
  const response = await sendRaw(api.port, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(response).toMatch(new RegExp(`^HTTP/1.1 ${statusCode} `));
  expect(response).toMatch(/\r\n\r\n$/);
  expect(response).not.toMatch(/content-length|transfer-encoding/);
});

test("a function error and a function timeout are 500", async () => {
  const failed = { outcome: "failed", errorType: "TypeError", errorMessage: "no\nsuch thing" } as const;
  for (const invocation of [failed, { outcome: "timed-out" } as const]) {
    const api = await serve({ invoke: async () => invocation });
    const response = await fetch(api.origin);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(INTERNAL_ERROR);
    expect(api.logged).toEqual([
      expect.stringMatching(/^http-api: GET \/: 500, the function (failed: TypeError: no such thing|timed out)$/),
    ]);
  }
});

test("a throttled function is 503", async () => {
  const api = await serve({ invoke: async () => ({ outcome: "throttled" }) });
  const response = await fetch(api.origin);
  expect(response.status).toBe(503);
  expect(await response.text()).toBe('{"message":"Service Unavailable"}');
});

test("an integration timeout is 503, and the invocation goes on", async () => {
  const gate = new EventEmitter();
  let ended = false;
  const api = await serve({
    routes: [{ routeKey: "$default", timeoutMs: 50 }],
    invoke: async () => {
      await once(gate, "open");
      ended = true;
      return returning({ statusCode: 200 });
    },
  });
  const response = await fetch(api.origin);
  expect(response.status).toBe(503);
  expect(await response.text()).toBe('{"message":"Service Unavailable"}');
  expect(ended).toBe(false);
  gate.emit("open");
  await expect.poll(() => ended).toBe(true);
});

test("an invoke that rejects is 500, logged, and handle resolves", async () => {
  const api = await serve({ invoke: () => Promise.reject(new Error("the runtime is broken")) });
  const response = await fetch(api.origin);
  expect(response.status).toBe(500);
  expect(await response.text()).toBe(INTERNAL_ERROR);
  expect(api.logged).toEqual([expect.stringContaining("Error: the runtime is broken")]);
  await Promise.all(api.handled);
});
