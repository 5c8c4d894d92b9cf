import { generateKeyPair, jwtVerify } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createIssuerKeys } from "../../../local/http-api/issuer-keys.ts";
import { type Issuer, startIssuer } from "./issuer.ts";

let issuer: Issuer;

beforeEach(async () => {
  issuer = await startIssuer();
});
afterEach(() => issuer.close());

test("keys are fetched at the first token and then kept", async () => {
  const keys = createIssuerKeys(issuer.url);
  expect(issuer.fetched).toEqual([]);
  for (let count = 0; count < 3; count += 1) await jwtVerify(await issuer.sign(), keys);
  expect(issuer.fetched).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test("an issuer with a path or a trailing slash is discovered below it", async () => {
  await jwtVerify(await issuer.sign(), createIssuerKeys(`${issuer.url}/`));
  await jwtVerify(await issuer.sign(), createIssuerKeys(`${issuer.url}/pool`));
  expect(issuer.fetched).toContain("/.well-known/openid-configuration");
  expect(issuer.fetched).toContain("/pool/.well-known/openid-configuration");
});

test("an unknown key id fetches the keys again, so that a new key works", async () => {
  const keys = createIssuerKeys(issuer.url, 0);
  await jwtVerify(await issuer.sign(), keys);
  await issuer.addKey("second");
  await jwtVerify(await issuer.sign({}, { kid: "second" }), keys);
  expect(issuer.fetched.filter((path) => path === "/keys")).toHaveLength(2);
});

test("within the cool-down an unknown key id fetches nothing", async () => {
  const keys = createIssuerKeys(issuer.url);
  await jwtVerify(await issuer.sign(), keys);
  const { privateKey } = await generateKeyPair("RS256");
  for (const kid of ["made", "up"]) {
    const token = await issuer.sign({}, { kid, key: privateKey });
    await expect(jwtVerify(token, keys)).rejects.toThrow("no applicable key");
  }
  expect(issuer.fetched.filter((path) => path === "/keys")).toHaveLength(1);
});

test("a failed discovery is not remembered", async () => {
  const keys = createIssuerKeys(issuer.url);
  issuer.override = (_path, response) => {
    response.writeHead(503).end();
    return true;
  };
  await expect(jwtVerify(await issuer.sign(), keys)).rejects.toThrow("OIDC discovery endpoint communication error");
  issuer.override = undefined;
  await jwtVerify(await issuer.sign(), keys);
});

test.each([
  ["/.well-known/openid-configuration", "OIDC discovery endpoint communication error"],
  ["/keys", "JWKS communication error"],
])("an issuer that does not answer %s is given up after 1.5 s", async (silent, message) => {
  issuer.override = (path) => path === silent;
  const startedMs = performance.now();
  await expect(jwtVerify(await issuer.sign(), createIssuerKeys(issuer.url))).rejects.toThrow(message);
  const elapsedMs = performance.now() - startedMs;
  expect(elapsedMs).toBeGreaterThan(1_400);
  expect(elapsedMs).toBeLessThan(4_500);
});

test("a key set of more than 150,000 bytes is refused", async () => {
  issuer.override = (path, response) => {
    if (path === "/keys") response.end(JSON.stringify({ keys: [], padding: "x".repeat(150_000) }));
    return path === "/keys";
  };
  const verification = jwtVerify(await issuer.sign(), createIssuerKeys(issuer.url));
  await expect(verification).rejects.toMatchObject({
    message: "JWKS communication error",
    cause: { message: expect.stringContaining("longer than 150000 bytes") },
  });
});

test.each(['{"jwks_uri":"http://keys.example.com/"}', '{"jwks_uri":5}', "{}", "null", "not JSON"])(
  "the discovery document %s is refused",
  async (text) => {
    issuer.override = (_path, response) => {
      response.end(text);
      return true;
    };
    await expect(jwtVerify(await issuer.sign(), createIssuerKeys(issuer.url))).rejects.toThrow();
    expect(issuer.fetched).toHaveLength(1);
  },
);

test.each(["https://x", "http://localhost:1", "http://auth.localhost", "http://127.1.2.3", "http://[::1]:2/pool"])(
  "the issuer %s is accepted",
  (url) => {
    expect(createIssuerKeys(url)).toBeTypeOf("function");
  },
);

test.each(["http://example.com", "http://localhost.example.com", "http://10.0.0.1", "ftp://localhost", "localhost"])(
  "the issuer %s is refused",
  (url) => {
    expect(() => createIssuerKeys(url)).toThrow(`got "${url}/.well-known/openid-configuration"`);
  },
);
