import { describe, expect, test } from "vitest";
import { findBehavior } from "../../../local/website/find-behavior.ts";
import { behavior, bucket, serveDistribution } from "./serve-distribution.ts";

describe("path patterns", () => {
  const fits = (pathPattern: string, target: string) =>
    findBehavior([{ pathPattern }, { pathPattern: "*" }], target).pathPattern === pathPattern;

  test.each([
    ["/api/*", "/api/", true],
    ["/api/*", "/api/a/b", true],
    ["/api/*", "/api", false],
    ["/api/*", "/x/api/a", false],
    ["/api/*", "/API/a", false],
    ["api/*", "/api/a", true],
    ["/ws", "/ws?token=a/b", true],
    ["/ws", "/ws/", false],
    ["/a?c", "/abc", true],
    ["/a?c", "/ac", false],
    ["*.js", "/a/b.js", true],
    ["/a.js", "/abjs", false],
    ["/a+(b)", "/a+(b)", true],
    ["/api/*", "/%61pi/a", true],
    ["/api/*", "/api%2Fa", false],
    ["/api/*", "/x/../api/a", true],
    ["/api/*", "/api/%2e%2E/a", false],
    ["/api/*", "/api\\a", false],
  ])("%s and %s: %s", (pattern, target, expected) => {
    expect(fits(pattern, target)).toBe(expected);
  });
});

test("the first behavior that fits is taken, and its origin's path put before the request's", async () => {
  const { ask } = await serveDistribution({
    behaviors: [
      behavior(bucket({ "v1/docs/a.html": "v1" }, "/v1"), { pathPattern: "/docs/*" }),
      behavior(bucket({ "docs/a.html": "never" }), { pathPattern: "/docs/a.html" }),
      behavior(bucket({ "a.html": "a" })),
    ],
  });
  expect(await ask("/docs/a.html")).toMatchObject({ status: 200, body: "v1" });
  expect(await ask("/a.html")).toMatchObject({ status: 200, body: "a" });
});

test("the default root object is for the root alone", async () => {
  const files = { "index.html": "page", "docs/index.html": "docs" };
  const { ask } = await serveDistribution({ defaultRootObject: "index.html", behaviors: [behavior(bucket(files))] });
  expect(await ask("/")).toMatchObject({ status: 200, body: "page" });
  expect(await ask("/?a=b")).toMatchObject({ status: 200, body: "page" });
  expect((await ask("/docs/")).status).toBe(403);
  const { ask: askOther } = await serveDistribution({ behaviors: [behavior(bucket(files))] });
  expect((await askOther("/")).status).toBe(403);
});
