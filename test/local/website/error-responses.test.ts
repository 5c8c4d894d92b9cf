import { describe, expect, test } from "vitest";
import type { Route } from "../../../local/listen.ts";
import { behavior, bucket, serveDistribution } from "./serve-distribution.ts";

const PAGE = { pagePath: "/index.html", responseCode: 200 };
const NOTHING_FOUND: Route = {
  path: "/*",
  handle(_request, response) {
    response.writeHead(404, ["content-type", "application/json", "x-api", "shop"]).end("{}");
  },
};

const serveShop = (files: Record<string, string> = { "index.html": "<p>page</p>" }) =>
  serveDistribution(
    {
      behaviors: [
        behavior({ kind: "api", originPath: "", apiId: "api" }, { pathPattern: "/api/*" }),
        behavior(bucket(files), {
          responseHeaders: { set: [{ name: "x-shop", value: "open", override: true }], remove: [] },
          response: "function handler() { throw new Error('it sees no error'); }",
        }),
      ],
      errorResponses: [
        { errorCode: 403, ...PAGE },
        { errorCode: 404, ...PAGE, responseCode: 202 },
      ],
    },
    { api: [NOTHING_FOUND] },
  );

describe("error responses", () => {
  test.each(["/orders/7", "/missing.js", "/%2e%2e/code/index.mjs"])(
    "a file that is not there is the page: %s",
    async (target) => {
      const { ask } = await serveShop();
      const { status, headers, body } = await ask(target);
      expect({ status, body }).toEqual({ status: 200, body: "<p>page</p>" });
      expect(headers).toMatchObject({ "content-type": "text/html", "x-shop": "open" });
    },
  );

  test("an error of an API is replaced too, as CloudFront does it", async () => {
    const { ask } = await serveShop();
    const { status, headers, body } = await ask("/api/unknown");
    expect({ status, body }).toEqual({ status: 202, body: "<p>page</p>" });
    expect(headers).not.toHaveProperty("x-api");
    const { status: headStatus, headers: headHeaders } = await ask("/api/unknown", { method: "HEAD" });
    expect([headStatus, headHeaders["content-length"]]).toEqual([202, "11"]);
  });

  test("an error of another status code stays as it is", async () => {
    const { ask } = await serveShop();
    expect((await ask("/%ff")).status).toBe(400);
  });

  test("where the page is not there either, it is the page's error", async () => {
    const { ask } = await serveShop({});
    expect(await ask("/api/unknown")).toMatchObject({ status: 403, body: expect.stringContaining("AccessDenied") });
  });
});
