import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signIn } from "./browser.ts";
import { ACCESS_TOKEN_SECONDS, CLIENT_ID, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.close());

function order(body: unknown, headers: Record<string, string> = { "content-type": "application/json" }) {
  const init = { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) };
  return fetch(`${system.userPool.issuer}/dev/tokens`, init);
}

async function orderTokens(body: unknown): Promise<string[]> {
  const response = await order(body);
  expect(response.status).toBe(200);
  return ((await response.json()) as { accessTokens: string[] }).accessTokens;
}

test("one token a name, in the order asked, with the claims of a signed-in user's", async () => {
  const tokens = await orderTokens({ usernames: ["bob", " alice", "张三"], clientId: CLIENT_ID });
  expect(tokens.map((token) => decodeJwt(token).username)).toEqual(["bob", "alice", "张三"]);
  const { jti, iat, exp, auth_time, ...signedIn } = decodeJwt((await signIn(system, "alice")).access_token);
  const claims = decodeJwt(tokens[1] ?? "");
  expect(claims).toMatchObject(signedIn);
  expect(Object.keys(claims).sort()).toEqual([...Object.keys(signedIn), "auth_time", "exp", "iat", "jti"].sort());
  expect(Number(claims.exp) - Number(claims.iat)).toBe(ACCESS_TOKEN_SECONDS);
});

test("a lifetime from one second up to the client's may be asked for", async () => {
  const [token = ""] = await orderTokens({ usernames: ["alice"], lifetimeSeconds: 1 });
  expect(Number(decodeJwt(token).exp) - Number(decodeJwt(token).iat)).toBe(1);
  await orderTokens({ usernames: ["alice"], lifetimeSeconds: ACCESS_TOKEN_SECONDS });
});

test("a hundred names are served", async () => {
  const usernames = Array.from({ length: 100 }, (_, index) => `user-${index}`);
  expect(new Set(await orderTokens({ usernames })).size).toBe(100);
});

test.each([
  ["no names", { usernames: [] }, /^usernames: .*1/],
  ["101 names", { usernames: Array(101).fill("alice") }, /^usernames: .*100.*101/],
  ["an empty name", { usernames: ["alice", " "] }, /^usernames\.1: .*empty/],
  ["a name that is no string", { usernames: [1] }, /^usernames\.0: .*string/],
  ["no member usernames", {}, /^usernames: /],
  ["an unknown member", { usernames: ["alice"], admin: true }, /^admin: /],
  ["an unknown client", { usernames: ["alice"], clientId: "x" }, /^clientId: .*"x"/],
  ["a lifetime of 0", { usernames: ["alice"], lifetimeSeconds: 0 }, /^lifetimeSeconds: .*1.*0/],
  ["too long a lifetime", { usernames: ["alice"], lifetimeSeconds: 1801 }, /^lifetimeSeconds: .*1800.*1801/],
  ["a body that is no JSON", "{", /^body: /],
])("%s is refused with a reason", async (_name, body, reason) => {
  const response = await order(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: expect.stringMatching(reason) });
});

test.each(["text/plain", "application/x-www-form-urlencoded"])("a form's content type %s is refused", async (type) => {
  const response = await order({ usernames: ["alice"] }, { "content-type": type });
  expect(response.status).toBe(415);
});

test("a web page elsewhere is not let in by CORS", async () => {
  const preflight = await fetch(`${system.userPool.issuer}/dev/tokens`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
});

test("a body of more than 256 KiB is refused", async () => {
  expect((await order({ usernames: ["a".repeat(256 * 1024)] })).status).toBe(413);
});
