import { JwtRsaVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorizeUrl, Browser, pkce, postToken, signIn } from "./browser.ts";
import { ACCESS_TOKEN_SECONDS, CLIENT_ID, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  expect(system.lines).toEqual([]);
  await system.close();
});

function signInUrl(parameters: Record<string, string | undefined> = {}): string {
  return authorizeUrl(system, { code_challenge: pkce().challenge, code_challenge_method: "S256", ...parameters });
}

async function discover(): Promise<Record<string, unknown>> {
  const response = await fetch(`${system.userPool.issuer}/.well-known/openid-configuration`);
  return (await response.json()) as Record<string, unknown>;
}

describe("tokens", () => {
  test("a sign-in gives an access token that the published keys verify, with a user pool's claims", async () => {
    const tokens = await signIn(system, "alice");
    expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: ACCESS_TOKEN_SECONDS });

    const { jwks_uri } = await discover();
    const keys = createRemoteJWKSet(new URL(String(jwks_uri)));
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, { issuer: system.userPool.issuer });
    expect(protectedHeader).toEqual({ alg: "RS256", kid: expect.any(String) });
    expect(payload).toEqual({
      iss: system.userPool.issuer,
      sub: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/),
      client_id: CLIENT_ID,
      username: "alice",
      token_use: "access",
      scope: "openid profile email",
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: Number(payload.iat) + ACCESS_TOKEN_SECONDS,
      jti: expect.any(String),
    });
  });

  test("the ID token names the client as audience, and the same subject", async () => {
    const tokens = await signIn(system, "alice");
    const keys = createRemoteJWKSet(new URL(String((await discover()).jwks_uri)));
    const { payload } = await jwtVerify(tokens.id_token, keys, { audience: CLIENT_ID });
    const access = await jwtVerify(tokens.access_token, keys);
    expect(payload).toMatchObject({ "cognito:username": "alice", token_use: "id", nonce: "nonce-of-the-client" });
    expect(payload.sub).toBe(access.payload.sub);
  });

  test("aws-jwt-verify accepts the access token", async () => {
    const fetcher = { fetch: async (uri: string) => (await fetch(uri)).arrayBuffer() };
    const verifier = JwtRsaVerifier.create(
      { issuer: system.userPool.issuer, audience: null, jwksUri: String((await discover()).jwks_uri) },
      { jwksCache: new SimpleJwksCache({ fetcher }) },
    );
    const payload = await verifier.verify((await signIn(system, "张三")).access_token);
    expect(payload.username).toBe("张三");
  });

  test("a user has one subject in every sign-in, and another user has another", async () => {
    const keys = createRemoteJWKSet(new URL(String((await discover()).jwks_uri)));
    const names = ["alice", " alice ", "bob"];
    const subjects: unknown[] = [];
    for (const name of names) {
      subjects.push((await jwtVerify((await signIn(system, name)).access_token, keys)).payload.sub);
    }
    expect(subjects[1]).toBe(subjects[0]);
    expect(subjects[2]).not.toBe(subjects[0]);
  });

  test("userInfo tells the bearer of an access token who they are, and refuses anybody else", async () => {
    const { access_token, id_token } = await signIn(system, "bob");
    const ask = (token: string) =>
      fetch(`${system.userPool.issuer}/oauth2/userInfo`, { headers: { authorization: `Bearer ${token}` } });
    const response = await ask(access_token);
    expect(await response.json()).toEqual({ sub: expect.any(String), username: "bob" });
    expect((await ask(id_token)).status).toBe(401);
    expect((await ask("nonsense")).status).toBe(401);
  });
});

describe("the authorization request", () => {
  test("a redirect URI that is not the client's is refused on a page, not by a redirect", async () => {
    const page = await new Browser(system).open(signInUrl({ redirect_uri: "https://evil.example/" }));
    expect(page.response.status).toBe(400);
    expect(page.text).toContain("redirect_uri");
  });

  test("the client's redirect URI may name this machine by its address", async () => {
    const redirectUri = system.callbackUrl.replace("localhost", "127.0.0.1");
    const page = await new Browser(system).open(signInUrl({ redirect_uri: redirectUri }));
    expect(page.response.status).toBe(200);
  });

  test.each([
    ["no code challenge", { code_challenge: undefined, code_challenge_method: undefined }],
    ["the plain method", { code_challenge_method: "plain" }],
  ])("%s is refused", async (_name, parameters) => {
    const { url } = await new Browser(system).open(signInUrl(parameters));
    expect(url.searchParams.get("error")).toBe("invalid_request");
    expect(url.searchParams.get("state")).toBe("state-of-the-client");
  });

  test("a scope that is not the client's is refused", async () => {
    const { url } = await new Browser(system).open(signInUrl({ scope: "openid phone" }));
    expect(url.searchParams.get("error")).toBe("invalid_scope");
  });

  test("a code is worth nothing without its verifier, and nothing a second time", async () => {
    const { verifier, challenge } = pkce();
    const browser = new Browser(system);
    const page = await browser.open(signInUrl({ code_challenge: challenge }));
    const { url } = await browser.open(page.url.href, { username: "alice" });
    const form = {
      grant_type: "authorization_code",
      redirect_uri: system.callbackUrl,
      code: url.searchParams.get("code") ?? "",
    };
    expect((await postToken(system, { ...form, code_verifier: pkce().verifier })).status).toBe(400);
    expect((await postToken(system, { ...form, code_verifier: verifier })).status).toBe(200);
    expect((await postToken(system, { ...form, code_verifier: verifier })).status).toBe(400);
  });
});

describe("the sign-in page", () => {
  test("says that it is for development, offers two users, and may run no script", async () => {
    const { text, response } = await new Browser(system).open(signInUrl());
    expect(text).toContain("For development only.");
    expect(text).toContain("Open as alice");
    expect(text).toContain("Open as bob");
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`form-action 'self' ${system.baseUrl};`);
    expect(policy).not.toContain("script-src");
  });

  test("the login hint stands in the field", async () => {
    const { text } = await new Browser(system).open(signInUrl({ login_hint: "carol" }));
    expect(text).toContain('value="carol"');
  });

  const MARKUP = `"><script>alert('1')</script>&amp;`;
  const ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;";

  test("markup in the login hint and in a refused username is shown as text", async () => {
    const browser = new Browser(system);
    const page = await browser.open(signInUrl({ login_hint: MARKUP }));
    expect(page.text).toContain(`value="${ESCAPED}"`);
    const again = await browser.open(page.url.href, { username: `${MARKUP} with spaces` });
    expect(again.response.status).toBe(400);
    expect(again.text).toContain(`value="${ESCAPED} with spaces"`);
    expect(again.text).not.toContain("<script");
  });

  test("markup is a username like any other", async () => {
    const tokens = await signIn(system, MARKUP);
    expect(JSON.parse(Buffer.from(tokens.access_token.split(".")[1] ?? "", "base64url").toString()).username).toBe(
      MARKUP,
    );
  });

  test.each([
    ["", "it was empty"],
    ["   ", "it was empty"],
    ["张".repeat(129), "at most 128 characters: this one has 129"],
    ["mary jane", "no spaces"],
    ["a\u0000b", "no control characters"],
  ])("the username %j is refused with a reason, and the next one is taken", async (username, reason) => {
    const browser = new Browser(system);
    const page = await browser.open(signInUrl());
    const again = await browser.open(page.url.href, { username });
    expect(again.response.status).toBe(400);
    expect(again.text).toContain(reason.split(": ")[0]);
    const { url } = await browser.open(page.url.href, { username: "😀".repeat(128) });
    expect(url.searchParams.get("code")).toBeTruthy();
  });

  test("two spellings of one name are one user", async () => {
    const composed = await signIn(system, "Ren\u00e9");
    const decomposed = await signIn(system, "Rene\u0301");
    const subject = (token: string) => JSON.parse(atob(token.split(".")[1] ?? "")).sub;
    expect(subject(decomposed.id_token)).toBe(subject(composed.id_token));
  });

  test("a sign-in that is over says so", async () => {
    const browser = new Browser(system);
    const page = await browser.open(signInUrl());
    const { response, text } = await new Browser(system).open(page.url.href);
    expect(response.status).toBe(400);
    expect(text).toContain("has expired or is over");
  });
});
