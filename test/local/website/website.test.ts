import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FILES, type Shop, startShop } from "./shop.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.close());

const IMMUTABLE = "public, max-age=31536000, immutable";

describe("files", () => {
  test("are served with their types and with what each deployment stored with them", async () => {
    const { status, headers, body } = await shop.ask("/");
    expect({ status, body }).toEqual({ status: 200, body: FILES["index.html"] });
    expect(headers).toMatchObject({ "content-type": "text/html", "cache-control": "no-cache" });
    const stored = async (path: string) => {
      const reply = await shop.ask(path);
      return [reply.status, reply.headers["content-type"], reply.headers["cache-control"], reply.body];
    };
    expect(await stored("/assets/app-1a2b3c.js")).toEqual([200, "text/javascript", IMMUTABLE, "export {};"]);
    expect(await stored("/assets/app-1a2b3c.css")).toEqual([200, "text/css", IMMUTABLE, "p {}"]);
    expect(await stored("/app.webmanifest")).toEqual([200, "application/manifest+json", "no-cache", "{}"]);
    expect(await stored("/data.unheardof")).toEqual([200, "binary/octet-stream", "no-cache", "?"]);
    expect(await stored("/na%C3%AFve%20name.txt?v=1")).toEqual([200, "text/plain", "no-cache", "ok"]);
  });

  test("have the values of the deployment in the markers' places, as JSON and with local addresses", async () => {
    const { headers, body } = await shop.ask("/config.json");
    const { baseUrl, app } = shop.runtime;
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body)).toEqual({
      issuer: app.userPools[0]?.issuer,
      clientId: app.userPools[0]?.clients[0]?.clientId,
      webSocketUrl: `${baseUrl.replace("http", "ws")}/ws`,
      host: new URL(baseUrl).host,
      quoted: '"Shop"',
    });
    expect(app.userPools[0]?.clients[0]?.callbackUrls).toEqual([`${baseUrl}/`]);
  });

  test("are not sent again to a client that has them", async () => {
    const { etag = "" } = (await shop.ask("/")).headers;
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const { status, headers, body } = await shop.ask("/", { headers: { "if-none-match": tags } });
      expect({ status, body }).toEqual({ status: 304, body: "" });
      expect(headers).toMatchObject({ etag, "cache-control": "no-cache", "x-shop": "open" });
    }
    expect((await shop.ask("/", { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    expect((await shop.ask("/config.json", { headers: { "if-none-match": etag } })).status).toBe(200);
  });

  test("answer HEAD with their length and no body", async () => {
    const { status, headers, body } = await shop.ask("/assets/app-1a2b3c.js", { method: "HEAD" });
    expect({ status, body }).toEqual({ status: 200, body: "" });
    expect(headers["content-length"]).toBe("10");
  });

  test("that are not there are forbidden, as to one who may not list the bucket", async () => {
    const { status, headers, body } = await shop.ask("/assets/app-old.js");
    expect(status).toBe(403);
    expect(headers["content-type"]).toBe("application/xml");
    expect(body).toContain("<Code>AccessDenied</Code>");
  });

  test.each([
    "/../code/index.mjs",
    "/%2e%2e/code/index.mjs",
    "/..%2fcode%2findex.mjs",
    "/assets/..%2f..%2fcode/index.mjs",
    "/..\\code\\index.mjs",
    "//index.html",
    "/./index.html",
    "/index.html%00.js",
    "/INDEX.HTML",
    "/etc/passwd.txt",
  ])("are found by their keys alone: %s", async (target) => {
    expect((await shop.ask(target)).status).toBe(403);
  });

  test("are not found by a key that is no text", async () => {
    expect(await shop.ask("/%ff.js")).toMatchObject({ status: 400, body: expect.stringContaining("InvalidURI") });
  });

  test("take no method that their behavior does not allow", async () => {
    const { status, headers } = await shop.ask("/index.html", { method: "POST", body: "x" });
    expect({ status, type: headers["content-type"] }).toEqual({ status: 403, type: "text/html" });
  });
});

describe("views", () => {
  test.each(["/orders", "/orders/7", "/orders/", "/?a=b", "/orders?file=a.js", "/LICENSE"])(
    "%s is the page, by the viewer request function",
    async (target) => {
      const { status, body } = await shop.ask(target);
      expect({ status, body }).toEqual({ status: 200, body: FILES["index.html"] });
    },
  );
});

describe("APIs", () => {
  test("an HTTP API gets the whole request", async () => {
    const init = { method: "POST", headers: { authorization: "Bearer t", "content-type": "text/plain" }, body: "tea" };
    const { status, headers, body } = await shop.ask("/api/orders?sort=a%20b&x", init);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      method: "POST",
      rawPath: "/api/orders",
      rawQueryString: "sort=a%20b&x",
      authorization: "Bearer t",
      body: "tea",
    });
    expect(headers["set-cookie"]).toEqual(["a=1; Secure", "b=2"]);
    expect(headers["content-type"]).toBe("application/json");
  });

  test.each(["/api/unknown", "/api/", "/%61pi/orders/7", "/assets/../api/orders/7"])(
    "an HTTP API says itself that it has no %s",
    async (target) => {
      const { status, headers, body } = await shop.ask(target);
      expect({ status, body }).toEqual({ status: 404, body: '{"message":"Not Found"}' });
      expect(headers).toHaveProperty("apigw-requestid");
    },
  );

  test("only the behaviors lead to an HTTP API", async () => {
    expect((await shop.ask("/api")).body).toBe(FILES["index.html"]);
    expect((await shop.ask("/API/orders")).body).toBe(FILES["index.html"]);
  });

  test("a WebSocket API is reached at its behavior's path", async () => {
    const socket = new WebSocket(`${shop.runtime.baseUrl.replace("http", "ws")}/ws`);
    await once(socket, "open");
    const said = JSON.stringify({ action: "say" });
    socket.send(said);
    expect(String((await once(socket, "message"))[0])).toBe(`heard ${said}`);
    const closed = once(socket, "close");
    socket.close();
    await closed;
    expect((await shop.ask("/ws")).status).toBe(426);
  });

  test.each(["/", "/api/orders", "/live"])("a handshake at %s is refused", async (path) => {
    const socket = new WebSocket(`${shop.runtime.baseUrl.replace("http", "ws")}${path}`);
    const [error] = await once(socket, "error");
    expect(String(error)).toContain("403");
  });

  test("the management API has its own address", async () => {
    const signed = { headers: { authorization: "AWS4-HMAC-SHA256 x" } };
    expect((await shop.ask("/ws/@connections/nobodysConnectQ%3D", signed)).status).toBe(410);
  });
});

test("all answers have the headers of their behavior's policy", async () => {
  for (const target of ["/", "/config.json", "/missing.js", "/api/orders", "/api/unknown"]) {
    const { headers } = await shop.ask(target);
    expect(headers, target).toMatchObject({
      "content-security-policy": "default-src 'self'",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=86400; includeSubDomains",
      "x-frame-options": target === "/api/orders" ? "SAMEORIGIN" : "DENY",
      "x-shop": "open",
    });
    expect(headers, target).not.toHaveProperty("x-powered-by");
  }
});

test("the functions behind the custom resources are not served", () => {
  expect(shop.runtime.app.functions.map(({ path }) => path)).toEqual(["Shop/Handler/Resource"]);
});
