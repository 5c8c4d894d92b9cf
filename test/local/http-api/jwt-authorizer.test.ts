import { randomBytes } from "node:crypto";
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpApi } from "../../../local/http-api/http-api.ts";
import type { JwtAuthorizerModel } from "../../../local/model.ts";
import { AUDIENCE, type Issuer, startIssuer } from "./issuer.ts";
import { type ServedApi, serve } from "./serve.ts";

let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

const nowSeconds = () => Math.floor(Date.now() / 1000);

async function serveGuarded({
  scopes = [] as string[],
  ...authorizer
}: Partial<JwtAuthorizerModel> & { scopes?: string[] } = {}) {
  const identitySources = ["$request.header.Authorization"];
  const model = { issuer: issuer.url, audience: ["other", AUDIENCE], identitySources, ...authorizer };
  return serve({ routes: [{ routeKey: "GET /guarded", scopes, authorizer: model }, "GET /open"] });
}

async function request(api: ServedApi, token?: string, query = "") {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
  const response = await fetch(`${api.origin}/guarded${query}`, { headers });
  return { status: response.status, body: await response.text(), challenge: response.headers.get("www-authenticate") };
}

async function expectRefused(token: string, description: string | RegExp) {
  const api = await serveGuarded();
  const { status, body, challenge } = await request(api, token);
  expect(status).toBe(401);
  expect(body).toBe('{"message":"Unauthorized"}');
  expect(challenge).toMatch(/^Bearer scope="" error="invalid_token" error_description="[^"\\]+"$/);
  expect(challenge?.split('error_description="')[1]).toMatch(description);
  expect(api.events).toEqual([]);
  expect(api.logged).toEqual([expect.stringMatching(/^http-api: GET \/guarded: 401, /)]);
}

test.each(["Bearer ", "bearer  ", ""])("a good token after %j is let through", async (prefix) => {
  const api = await serveGuarded();
  expect((await request(api, prefix + (await issuer.sign()))).status).toBe(200);
  expect(api.events).toHaveLength(1);
});

test("a route without an authorizer needs no token and has none in its event", async () => {
  const api = await serveGuarded();
  expect((await fetch(`${api.origin}/open`, { headers: { authorization: "nonsense" } })).status).toBe(200);
  expect(api.events[0]?.requestContext).not.toHaveProperty("authorizer");
});

test.each([undefined, "", "  "])(
  "no token (%j) is 401 with a plain challenge, and not worth a log line",
  async (token) => {
    const api = await serveGuarded();
    expect(await request(api, token)).toEqual({ status: 401, body: '{"message":"Unauthorized"}', challenge: "Bearer" });
    expect(api.events).toEqual([]);
    expect(api.logged).toEqual([]);
  },
);

test("something that is no JWT is refused", async () => {
  await expectRefused("Bearer not-a-token", "token contains an invalid number of segments");
  await expectRefused("a.b.c", /./);
});

test.each<[string, () => JWTPayload, string]>([
  ["expired", () => ({ exp: nowSeconds() - 1 }), "the token has expired"],
  ["expiring this very second", () => ({ exp: nowSeconds() }), "the token has expired"],
  ["not valid yet", () => ({ nbf: nowSeconds() + 30 }), "nbf"],
  ["issued in the future", () => ({ iat: nowSeconds() + 30 }), "issued in the future"],
  ["without exp", () => ({ exp: undefined }), "exp"],
  ["with a text for exp", () => ({ exp: "tomorrow" as unknown as number }), "exp"],
  ["of another issuer", () => ({ iss: "http://127.0.0.1:1" }), "iss"],
  ["without iss", () => ({ iss: undefined }), "iss"],
  ["for another audience", () => ({ aud: "another" }), "the token does not have a valid audience"],
  ["for no audience of a list", () => ({ aud: ["a", "b"] }), "the token does not have a valid audience"],
  ["with another aud, whatever its client_id", () => ({ aud: "x", client_id: AUDIENCE }), "valid audience"],
  ["with neither aud nor client_id", () => ({ aud: undefined }), "the token does not have a valid audience"],
  ["without aud, of another client", () => ({ aud: undefined, client_id: "x" }), "valid audience"],
])("a token %s is refused", async (_name, claims, description) => {
  await expectRefused(await issuer.sign(claims()), new RegExp(description));
});

test.each<[string, JWTPayload]>([
  ["a list of audiences with ours", { aud: ["x", AUDIENCE] }],
  ["no aud and our client_id", { aud: undefined, client_id: AUDIENCE }],
  ["no iat", { iat: undefined }],
])("a token with %s is let through", async (_name, claims) => {
  const api = await serveGuarded();
  expect((await request(api, await issuer.sign(claims))).status).toBe(200);
});

test("a token that is not signed with RSA is refused", async () => {
  const claims = { iss: issuer.url, aud: AUDIENCE, iat: nowSeconds(), exp: nowSeconds() + 60 };
  await expectRefused(new UnsecuredJWT(claims).encode(), "alg");
  const symmetric = new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "first" });
  await expectRefused(await symmetric.sign(randomBytes(32)), "alg");
  const key = await issuer.addKey("elliptic", "ES256");
  await expectRefused(await issuer.sign({}, { alg: "ES256", kid: "elliptic", key }), "alg");
});

test("a tampered token is refused", async () => {
  const [header, payload, signature] = (await issuer.sign()).split(".");
  const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "someone-else" })).toString("base64url");
  await expectRefused(`${header}.${forged}.${signature}`, "signature verification failed");
});

test("a token must name a key of the issuer", async () => {
  const { privateKey } = await generateKeyPair("RS256");
  await expectRefused(await issuer.sign({}, { kid: undefined }), "does not name its key");
  await expectRefused(await issuer.sign({}, { kid: "unknown", key: privateKey }), "no applicable key");
  await expectRefused(await issuer.sign({}, { kid: "first", key: privateKey }), "signature verification failed");
});

test("claims arrive as strings, null ones not at all; scopes are null on a route without any", async () => {
  const api = await serveGuarded();
  const exp = nowSeconds() + 60;
  const claims = {
    exp,
    flag: true,
    ratio: 1.5,
    groups: ["admin", "poweruser"],
    mixed: ["a", 1, false],
    none: [],
    address: { city: "北京", lines: [1, 2] },
    nothing: null,
    scope: "openid profile",
    name: "张三",
  };
  await request(api, await issuer.sign(claims));
  const { jwt } = api.events[0]?.requestContext.authorizer ?? {};
  expect(jwt).toEqual({
    claims: {
      iss: issuer.url,
      aud: AUDIENCE,
      sub: "user-1",
      iat: expect.stringMatching(/^\d+$/),
      exp: String(exp),
      flag: "true",
      ratio: "1.5",
      groups: "[admin poweruser]",
      mixed: "[a 1 false]",
      none: "[]",
      address: '{"city":"北京","lines":[1,2]}',
      scope: "openid profile",
      name: "张三",
    },
    scopes: null,
  });
});

test.each<[JWTPayload, string[]]>([
  [{ scope: "openid pets.read" }, ["openid", "pets.read"]],
  [{ scp: ["pets.read"] }, ["pets.read"]],
  [{ scp: "pets.read other" }, ["pets.read", "other"]],
])("a token with one of the route's scopes is let through, with all of its own: %j", async (claims, scopes) => {
  const api = await serveGuarded({ scopes: ["pets.write", "pets.read"] });
  expect((await request(api, await issuer.sign(claims))).status).toBe(200);
  expect(api.events[0]?.requestContext.authorizer?.jwt.scopes).toEqual(scopes);
});

test.each<JWTPayload>([{}, { scope: "pets" }, { scope: 5 }, { scp: [] }, { scope: "" }])(
  "a token with none of the route's scopes is 403: %j",
  async (claims) => {
    const api = await serveGuarded({ scopes: ["pets.read"] });
    const { status, body } = await request(api, await issuer.sign(claims));
    expect([status, body]).toEqual([403, '{"message":"Forbidden"}']);
    expect(api.events).toEqual([]);
  },
);

test("identity sources are tried in order", async () => {
  const api = await serveGuarded({ identitySources: ["$request.header.X-Token", "$request.querystring.token"] });
  const token = await issuer.sign();
  expect((await request(api, `Bearer ${token}`)).status).toBe(401);
  expect((await request(api, undefined, `?token=${token}`)).status).toBe(200);
  const response = await fetch(`${api.origin}/guarded?token=${token}`, { headers: { "x-token": "bad" } });
  expect(response.status).toBe(401);
  expect(api.logged.join()).not.toContain(token);
});

test.each([
  [{ identitySources: ["$context.identity"] }, 'got "$context.identity"'],
  [{ issuer: "http://issuer.example.com" }, 'got "http://issuer.example.com/'],
  [{ issuer: "issuer" }, "expected a URL of https"],
])("an authorizer that an API can't have is refused at once: %j", (part, message) => {
  const authorizer = { issuer: issuer.url, audience: [], identitySources: [], ...part };
  const routes = [{ routeKey: "$default", functionArn: "", timeoutMs: 1, scopes: [], authorizer }];
  const model = { path: "", apiId: "", stage: "$default", routes };
  const options = { invoke: () => Promise.reject(), baseUrl: "http://localhost", log: () => {} };
  expect(() => createHttpApi({ model, ...options })).toThrow(message);
});

test("routes with one issuer fetch its keys once", async () => {
  const own = await startIssuer();
  const authorizer = { issuer: own.url, audience: [AUDIENCE], identitySources: ["$request.header.Authorization"] };
  const api = await serve({
    routes: [
      { routeKey: "GET /a", authorizer },
      { routeKey: "GET /b", authorizer: { ...authorizer } },
    ],
  });
  const headers = { authorization: await own.sign() };
  const responses = await Promise.all(["/a", "/b", "/a"].map((path) => fetch(api.origin + path, { headers })));
  expect(responses.map((response) => response.status)).toEqual([200, 200, 200]);
  expect(own.fetched).toEqual(["/.well-known/openid-configuration", "/keys"]);
  own.close();
});

test("while the issuer is unreachable tokens are refused, the log says why, and the next token tries again", async () => {
  const own = await startIssuer();
  own.close();
  const token = await own.sign();
  const api = await serveGuarded({ issuer: own.url });
  const { status, challenge } = await request(api, token);
  expect(status).toBe(401);
  expect(challenge).toContain('error_description="OIDC discovery endpoint communication error"');
  expect(api.logged).toEqual([
    expect.stringMatching(/401, OIDC discovery endpoint communication error: fetch failed: .*ECONNREFUSED/),
  ]);
  expect(api.events).toEqual([]);
});
