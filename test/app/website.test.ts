import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSystem } from "./system.ts";

let system: Awaited<ReturnType<typeof startSystem>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "auto" });
});
afterAll(async () => {
  await system?.close();
});

const get = (path: string) => fetch(`${system.runtime.baseUrl}${path}`);

describe("the website", () => {
  test.each(["/", "/c/bob", "/c/o.brien%40x.cn", "/c/%E5%BC%A0%E4%B8%89", "/anything"])(
    "shows the page at %s, with headers that let it run its own scripts alone, and is asked for again each time",
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('<div id="app">');
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toContain("unsafe");
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "strict-transport-security": "max-age=31536000",
      });
    },
  );

  test("has scripts and styles that may be kept for a year", async () => {
    const page = await (await get("/")).text();
    const assets = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
    expect(assets).toHaveLength(2);
    for (const path of assets) {
      const { status, headers } = await get(path);
      expect([status, headers.get("cache-control")]).toEqual([200, "max-age=31536000, public, immutable"]);
      expect(headers.get("content-type")).toMatch(/^text\/(css|javascript)/);
    }
  });

  test("knows the issuer whose tokens both APIs take", async () => {
    const config = await (await get("/config.json")).json();
    expect(config).toEqual({
      issuer: expect.stringContaining(system.runtime.baseUrl),
      clientId: expect.any(String),
      usernameClaim: "username",
      scope: "openid profile",
      logoutUrl: `${config.issuer}/logout`,
    });
    const { token } = await system.user("alice");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ iss: config.issuer, client_id: config.clientId });
  });

  test("describes the API at /docs, and gives both documents", async () => {
    for (const path of ["/docs", "/docs/"]) {
      const text = await (await get(path)).text();
      expect(text).toContain("POST /api/conversations/{peer}/messages");
      expect(text).toContain("<code>text_too_long</code>");
      expect(text).toContain("A read marker has moved");
      expect(text).not.toContain("<script");
    }
    for (const name of ["openapi", "asyncapi"])
      expect(await (await get(`/docs/${name}.yaml`)).text()).toMatch(new RegExp(`^${name}: `));
  });

  test("has no other file", async () => {
    expect((await get("/assets/nothing.js")).status).toBe(403);
    expect((await get("/index.html.map")).status).toBe(403);
  });
});
