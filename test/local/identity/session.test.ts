import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { authorizeUrl, Browser, pkce, postToken, signIn, type Tokens } from "./browser.ts";
import { CLIENT_ID, type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.close());

function authorize(parameters: Record<string, string> = {}): string {
  return authorizeUrl(system, { code_challenge: pkce().challenge, code_challenge_method: "S256", ...parameters });
}

function refresh(at: System, tokens: Tokens): Promise<Response> {
  return postToken(at, { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" });
}

describe("refresh", () => {
  test("gives new tokens of the same sign-in and no new refresh token, any number of times", async () => {
    const first = await signIn(system, "alice");
    for (let time = 0; time < 2; time += 1) {
      const response = await refresh(system, first);
      const again = (await response.json()) as Tokens;
      expect(again).not.toHaveProperty("refresh_token");
      const { jti, iat, exp, ...claims } = decodeJwt(again.access_token);
      expect(decodeJwt(first.access_token)).toMatchObject(claims);
      expect(jti).not.toBe(decodeJwt(first.access_token).jti);
      expect(decodeJwt(again.id_token)["cognito:username"]).toBe("alice");
    }
  });

  test("is over once the token is revoked, while the next sign-in of the same browser goes on", async () => {
    const browser = new Browser(system);
    const revoked = await signIn(system, "alice", browser);
    const other = await signIn(system, "alice", browser);
    const response = await fetch(`${system.userPool.issuer}/oauth2/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: CLIENT_ID, token: revoked.refresh_token ?? "" }),
    });
    expect(response.status).toBe(200);
    expect((await refresh(system, revoked)).status).toBe(400);
    expect((await refresh(system, other)).status).toBe(200);
  });
});

describe("the session", () => {
  test("spares the browser the page, and other browsers not", async () => {
    const browser = new Browser(system);
    await signIn(system, "alice", browser);
    const { url } = await browser.open(authorize({ prompt: "none" }));
    expect(url.searchParams.get("code")).toBeTruthy();
    const stranger = await new Browser(system).open(authorize({ prompt: "none" }));
    expect(stranger.url.searchParams.get("error")).toBe("login_required");
  });

  test("logout ends it and leads to the client's sign-out URL; tokens stay valid", async () => {
    const browser = new Browser(system);
    const tokens = await signIn(system, "alice", browser);
    const query = new URLSearchParams({ client_id: CLIENT_ID, logout_uri: system.logoutUrl });
    const { url } = await browser.open(`${system.userPool.issuer}/logout?${query}`);
    expect(url.href).toBe(system.logoutUrl);
    const again = await browser.open(authorize({ prompt: "none" }));
    expect(again.url.searchParams.get("error")).toBe("login_required");
    expect((await refresh(system, tokens)).status).toBe(200);
  });

  test.each([
    ["an unregistered logout_uri", { client_id: CLIENT_ID, logout_uri: "https://evil.example/" }],
    ["no logout_uri", { client_id: CLIENT_ID }],
    ["an unknown client", { client_id: "unknown", logout_uri: "https://evil.example/" }],
  ])("logout with %s is refused and ends nothing", async (_name, query) => {
    const browser = new Browser(system);
    await signIn(system, "alice", browser);
    const { response } = await browser.open(`${system.userPool.issuer}/logout?${new URLSearchParams(query)}`);
    expect(response.status).toBe(400);
    const { url } = await browser.open(authorize({ prompt: "none" }));
    expect(url.searchParams.get("code")).toBeTruthy();
  });

  test("signing in as somebody else in the same browser leaves the first one's tokens alone", async () => {
    const browser = new Browser(system);
    const alice = await signIn(system, "alice", browser);
    const page = await browser.open(authorize({ prompt: "login" }));
    // The provider ends alice's session through a form that posts itself.
    const { text } = await browser.open(page.url.href, { username: "bob" });
    const action = /action="([^"]+)"/.exec(text)?.[1] ?? "";
    const inputs = [...text.matchAll(/name="([^"]+)" value="([^"]+)"/g)].map(([, name, value]) => [name, value]);
    const { url } = await browser.open(action, Object.fromEntries(inputs));
    expect(url.searchParams.get("code")).toBeTruthy();
    expect((await refresh(system, alice)).status).toBe(200);
  });
});

describe("the key directory", () => {
  let directory: string | undefined;
  afterEach(async () => {
    if (directory) await rm(directory, { recursive: true });
  });

  test("keeps keys and refresh tokens between runs, for their owner's eyes alone", async () => {
    directory = await mkdtemp(join(tmpdir(), "issuer-"));
    const keyDirectory = join(directory, "keys");
    const before = await startSystem({ keyDirectory });
    const tokens = await signIn(before, "alice");
    await before.close();

    const after = await startSystem({ keyDirectory, port: Number(new URL(before.baseUrl).port) });
    try {
      const response = await refresh(after, tokens);
      expect(response.status).toBe(200);
      const again = (await response.json()) as Tokens;
      const keyId = (token: string) => decodeProtectedHeader(token).kid;
      expect(keyId(again.access_token)).toBe(keyId(tokens.access_token));
    } finally {
      await after.close();
    }
    const files = await readdir(keyDirectory);
    expect(files).toHaveLength(2);
    for (const file of files) expect((await stat(join(keyDirectory, file))).mode & 0o777).toBe(0o600);
  });

  test.each(["signing-key", "refresh-tokens"])("a damaged %s file is refused by name", async (name) => {
    directory = await mkdtemp(join(tmpdir(), "issuer-"));
    const file = join(directory, `local_Pool1.${name}.json`);
    await writeFile(file, "{ not JSON");
    await expect(startSystem({ keyDirectory: directory })).rejects.toThrow(file);
  });
});
