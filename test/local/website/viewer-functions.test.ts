import { describe, expect, test } from "vitest";
import type { Route } from "../../../local/listen.ts";
import type { BehaviorModel, OriginModel } from "../../../local/model.ts";
import { behavior, bucket, serveDistribution } from "./serve-distribution.ts";

const FILES = { "index.html": "<p>page</p>", "shop/index.html": "<p>shop</p>" };
const API: OriginModel = { kind: "api", originPath: "", apiId: "api" };
/** Answers with what it was asked. */
const ECHO: Route = {
  path: "/*",
  handle({ url, headers }, response) {
    const { "x-user": user, cookie } = headers;
    response.writeHead(200, ["set-cookie", "a=1; Secure", "set-cookie", "b=2", "x-api", "shop"]);
    response.end(JSON.stringify({ url, user, cookie }));
  },
};

const serve = (one: BehaviorModel) => serveDistribution({ behaviors: [one] }, { api: [ECHO] });
const throughRequest = (code: string, origin = bucket(FILES)) => serve(behavior(origin, { request: code }));
const throughResponse = (code: string, origin = bucket(FILES)) => serve(behavior(origin, { response: code }));

describe("a viewer request function", () => {
  test("gets the event that is documented", async () => {
    const { ask } = await throughRequest(
      "function handler(event) { return { statusCode: 200, body: JSON.stringify(event) }; }",
    );
    const headers = { Accept: "text/html", Cookie: "a=1; b=2" };
    const { body } = await ask("/x%20y?q=1&q=2&flag", { headers });
    expect(JSON.parse(body)).toEqual({
      version: "1.0",
      context: {
        distributionDomainName: "d1.cloudfront.net",
        distributionId: "E1",
        eventType: "viewer-request",
        requestId: expect.any(String),
      },
      viewer: { ip: "127.0.0.1" },
      request: {
        method: "GET",
        uri: "/x%20y",
        querystring: { q: { value: "1", multiValue: [{ value: "1" }, { value: "2" }] }, flag: { value: "" } },
        headers: { accept: { value: "text/html" }, host: { value: expect.stringMatching(/^127\.0\.0\.1:\d+$/) } },
        cookies: { a: { value: "1" }, b: { value: "2" } },
      },
    });
  });

  test("may change what is asked for, before the default root object is looked for", async () => {
    const { ask } = await throughRequest(
      "function handler({ request }) { request.uri = '/shop/index.html'; return request; }",
    );
    expect((await ask("/")).body).toBe("<p>shop</p>");
  });

  test("may be async", async () => {
    const { ask } = await throughRequest(
      "async function handler({ request }) { await null; request.uri = '/index.html'; return request; }",
    );
    expect((await ask("/x")).body).toBe("<p>page</p>");
  });

  test("may change the query string, headers and cookies that an API gets", async () => {
    const { ask } = await throughRequest(
      `function handler({ request }) {
        request.querystring.q = { value: "3" };
        request.headers["x-user"] = { value: "ann" };
        delete request.cookies.a;
        return request;
      }`,
      API,
    );
    const { body } = await ask("/x?q=1&q=2", { headers: { cookie: "a=1; b=2" } });
    expect(JSON.parse(body)).toEqual({ url: "/x?q=3", user: "ann", cookie: "b=2" });
  });

  test("leaves every byte as it is where it changes nothing", async () => {
    const { ask } = await throughRequest("function handler({ request }) { return request; }", API);
    const cookie = "b=1; a=2; b=3;c";
    const { body } = await ask("/x%2Fy?flag&&q=%20", { headers: { cookie } });
    expect(JSON.parse(body)).toEqual({ url: "/x%2Fy?flag&&q=%20", cookie });
  });

  test("may answer by itself, and then no viewer response function runs", async () => {
    const { ask } = await serve(
      behavior(bucket(FILES), {
        request:
          "function handler() { return { statusCode: 302, headers: { location: { value: '/login' } }, cookies: { a: { value: '1', attributes: 'Secure' } } }; }",
        response: "function handler() { throw new Error('not to run'); }",
      }),
    );
    const { status, headers, body } = await ask("/");
    expect({ status, body }).toEqual({ status: 302, body: "" });
    expect(headers).toMatchObject({ location: "/login", "set-cookie": ["a=1; Secure"] });
  });

  test("finds nothing of an earlier run, and of Node.js", async () => {
    const { ask } = await throughRequest(`
      var runs = 0;
      function handler() {
        runs += 1;
        return { statusCode: 200, body: [runs, typeof process, typeof require, typeof fetch, typeof setTimeout].join() };
      }
    `);
    for (let run = 0; run < 2; run += 1)
      expect((await ask("/")).body).toBe("1,undefined,undefined,undefined,undefined");
  });

  test("writes to the log", async () => {
    const { ask, lines } = await throughRequest(
      "function handler({ request }) { console.log('asked for', request.uri); return request; }",
    );
    await ask("/index.html");
    expect(lines).toEqual(["Shop/Request: asked for /index.html"]);
  });

  test.each([
    ["throws", "function handler() { throw new Error('broken'); }", "Error: broken"],
    ["rejects", "async function handler() { throw new Error('broken'); }", "Error: broken"],
    ["never ends", "function handler() { for (;;); }", "timed out"],
    ["never ends, later", "async function handler() { await null; for (;;); }", "timed out"],
    [
      "waits for nothing",
      "function handler() { return new Promise(() => {}); }",
      "waits for something that never comes",
    ],
    ["evaluates text", "function handler() { return eval('1'); }", "EvalError"],
    ["returns nothing", "function handler() {}", "Expected Object"],
    ["returns a uri without a slash", "function handler() { return { uri: 'x' }; }", "begins with /"],
    ["is not there", "const other = 1;", "handler is not defined"],
  ])("that %s is answered 503 and logged", async (_, code, problem) => {
    const { ask, lines } = await throughRequest(code);
    expect((await ask("/index.html")).status).toBe(503);
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^Shop/Request: .*${problem}`))]);
  });
});

describe("a viewer response function", () => {
  test("may change status code, headers and cookies, and replace the body that it never sees", async () => {
    const { ask } = await throughResponse(
      `function handler({ response, context }) {
        response.statusCode = 201;
        response.headers["x-event"] = { value: context.eventType + " " + typeof response.body };
        delete response.headers["x-api"];
        response.cookies.b.value = "3";
        return response;
      }`,
      API,
    );
    const { status, headers, body } = await ask("/x");
    expect(status).toBe(201);
    expect(headers).toMatchObject({ "x-event": "viewer-response undefined", "set-cookie": ["a=1; Secure", "b=3"] });
    expect(headers).not.toHaveProperty("x-api");
    expect(JSON.parse(body)).toEqual({ url: "/x" });

    const replacing = await throughResponse(
      "function handler({ response }) { response.body = { encoding: 'base64', data: 'b2s=' }; return response; }",
    );
    expect(await replacing.ask("/index.html")).toMatchObject({ status: 200, body: "ok" });
  });

  test("sees the headers that the behavior's policy has set", async () => {
    const { ask } = await serve(
      behavior(bucket(FILES), {
        responseHeaders: { set: [{ name: "x-shop", value: "open", override: true }], remove: ["etag"] },
        response: `function handler({ response }) {
          response.headers["x-seen"] = { value: response.headers["x-shop"].value + typeof response.headers.etag };
          return response;
        }`,
      }),
    );
    expect((await ask("/index.html")).headers).toMatchObject({ "x-shop": "open", "x-seen": "openundefined" });
  });

  test("is told of the request as the viewer sent it, or the other function left it", async () => {
    const { ask } = await serveDistribution({
      defaultRootObject: "index.html",
      behaviors: [
        behavior(bucket({ "v1/index.html": "" }, "/v1"), {
          request: "function handler({ request }) { request.headers.a = { value: 'b' }; return request; }",
          response: `function handler({ request: { uri, headers }, response }) {
            response.headers["x-request"] = { value: uri + " " + headers.a.value };
            return response;
          }`,
        }),
      ],
    });
    expect((await ask("/?c=d")).headers["x-request"]).toBe("/ b");
  });

  test("does not run for an error of the origin", async () => {
    const { ask, lines } = await throughResponse("function handler() { throw new Error('not to run'); }");
    expect((await ask("/missing")).status).toBe(403);
    expect(lines).toEqual([]);
  });

  test("that fails is answered 503 and logged", async () => {
    const { ask, lines } = await throughResponse(
      "function handler({ response }) { return { ...response, statusCode: 99 }; }",
    );
    expect((await ask("/index.html")).status).toBe(503);
    expect(lines).toEqual([expect.stringContaining("Shop/Response: ")]);
  });
});
