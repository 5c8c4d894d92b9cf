import { expect, test } from "vitest";
import type { CorsModel } from "../../../local/model.ts";
import { returning, serve } from "./serve.ts";

const ORIGIN = "https://app.example.com";
const CORS: CorsModel = {
  allowOrigins: [ORIGIN, "http://*"],
  allowMethods: ["GET", "POST"],
  allowHeaders: ["authorization"],
  exposeHeaders: ["x-count"],
  allowCredentials: true,
  maxAgeSeconds: 60,
};
const authorizer = {
  issuer: "https://issuer.invalid",
  audience: [],
  identitySources: ["$request.header.Authorization"],
};

function preflight(url: string, origin: string) {
  return fetch(url, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
}

function corsHeaders(response: Response) {
  return Object.fromEntries([...response.headers].filter(([name]) => name.startsWith("access-control-")));
}

test("a preflight is answered without a route or a function", async () => {
  const api = await serve({ routes: [{ routeKey: "POST /pets", authorizer }], cors: CORS });
  const response = await preflight(`${api.origin}/pets`, ORIGIN);
  expect(response.status).toBe(204);
  expect(corsHeaders(response)).toEqual({
    "access-control-allow-origin": ORIGIN,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "GET,POST",
    "access-control-allow-headers": "authorization",
    "access-control-max-age": "60",
  });
  expect(response.headers.has("apigw-requestid")).toBe(true);
  expect(api.events).toEqual([]);
});

test("a preflight from another origin is 204 without permission", async () => {
  const api = await serve({ cors: CORS });
  const response = await preflight(api.origin, "https://evil.example.com");
  expect(response.status).toBe(204);
  expect(corsHeaders(response)).toEqual({});
});

test("a scheme's wildcard allows any host of it, and * any origin", async () => {
  const bySchema = await serve({ cors: CORS });
  expect(corsHeaders(await preflight(bySchema.origin, "http://a.b:81"))["access-control-allow-origin"]).toBe(
    "http://a.b:81",
  );
  const open = await serve({ cors: { ...CORS, allowOrigins: ["*"] } });
  expect(corsHeaders(await preflight(open.origin, ORIGIN))["access-control-allow-origin"]).toBe("*");
});

test("a protected route that catches OPTIONS denies the preflight; an open OPTIONS route helps", async () => {
  const guarded = { routeKey: "$default", authorizer };
  const closed = await serve({ routes: [guarded], cors: CORS });
  expect((await preflight(closed.origin, ORIGIN)).status).toBe(401);
  const open = await serve({ routes: [guarded, "OPTIONS /{proxy+}"], cors: CORS });
  expect((await preflight(`${open.origin}/pets`, ORIGIN)).status).toBe(204);
  expect(open.events).toEqual([]);
});

test("a function's answer gets the API's headers in place of its own", async () => {
  const headers = { "Access-Control-Allow-Origin": "*", "access-control-allow-methods": "DELETE" };
  const api = await serve({ cors: CORS, invoke: async () => returning({ statusCode: 200, headers }) });
  expect(corsHeaders(await fetch(api.origin, { headers: { origin: ORIGIN } }))).toEqual({
    "access-control-allow-origin": ORIGIN,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "x-count",
  });
  expect(corsHeaders(await fetch(api.origin))).toEqual({});
});

test("the gateway's own answer for a function that failed has none", async () => {
  const invoke = async () => ({ outcome: "failed", errorType: "Error", errorMessage: "no" }) as const;
  const api = await serve({ cors: CORS, invoke });
  const response = await fetch(api.origin, { headers: { origin: ORIGIN } });
  expect([response.status, corsHeaders(response)]).toEqual([500, {}]);
});

test("without CORS the function's own headers go out, and OPTIONS is a method like any other", async () => {
  const headers = { "access-control-allow-origin": "*" };
  const api = await serve({ invoke: async () => returning({ statusCode: 200, headers }) });
  const response = await preflight(api.origin, ORIGIN);
  expect(response.status).toBe(200);
  expect(corsHeaders(response)).toEqual({ "access-control-allow-origin": "*" });
  expect(api.events).toHaveLength(1);
});
