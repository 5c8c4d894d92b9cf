import { expect, test } from "vitest";
import { createRouter } from "../../../local/http-api/router.ts";
import { sendRaw, serve } from "./serve.ts";

test("the most specific route wins: full match, then greedy, then $default", async () => {
  const routes = ["$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1"];
  const api = await serve({ routes });
  for (const path of ["/pets/dog/1", "/pets/dog/2", "/pets/cat/1", "/test/5", "/"]) await fetch(api.origin + path);
  expect(api.events.map((event) => [event.routeKey, event.pathParameters])).toEqual([
    ["GET /pets/dog/1", undefined],
    ["GET /pets/dog/{id}", { id: "2" }],
    ["GET /pets/{proxy+}", { proxy: "cat/1" }],
    ["ANY /{proxy+}", { proxy: "test/5" }],
    ["$default", undefined],
  ]);
});

test("a literal segment beats a variable, the leftmost first", async () => {
  const api = await serve({ routes: ["GET /{kind}/new", "GET /pets/{id}", "GET /{kind}/{id}"] });
  for (const path of ["/pets/new", "/cars/new", "/cars/7"]) await fetch(api.origin + path);
  expect(api.events.map((event) => event.routeKey)).toEqual(["GET /pets/{id}", "GET /{kind}/new", "GET /{kind}/{id}"]);
});

test("a full match beats a greedy route that begins alike", async () => {
  const api = await serve({ routes: ["GET /pets/{proxy+}", "GET /{kind}/new"] });
  await fetch(`${api.origin}/pets/new`);
  expect(api.events[0]?.routeKey).toBe("GET /{kind}/new");
});

test("a named method beats ANY", async () => {
  const api = await serve({ routes: ["ANY /pets", "GET /pets"] });
  await fetch(`${api.origin}/pets`);
  await fetch(`${api.origin}/pets`, { method: "PUT" });
  expect(api.events.map((event) => event.routeKey)).toEqual(["GET /pets", "ANY /pets"]);
});

test("a method that the full match lacks falls through to a greedy route", async () => {
  const api = await serve({ routes: ["GET /pets/dog", "ANY /{proxy+}"] });
  await fetch(`${api.origin}/pets/dog`, { method: "POST" });
  expect(api.events[0]?.routeKey).toBe("ANY /{proxy+}");
});

test.each([
  ["GET", "/nowhere", "no route"],
  ["DELETE", "/pets", "the wrong method"],
  ["HEAD", "/pets", "HEAD is a method of its own"],
  ["GET", "/pets/", "a trailing slash counts"],
  ["GET", "/pets/1/2", "one segment too many"],
  ["GET", "/files/", "a greedy variable is not empty"],
  ["GET", "/pets/a%2Fb", "an encoded slash parts segments"],
])("%s %s is 404: %s", async (method, path) => {
  const api = await serve({ routes: ["GET /pets", "GET /pets/{id}", "GET /files/{proxy+}"] });
  const response = await fetch(api.origin + path, { method });
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("application/json");
  if (method !== "HEAD") expect(await response.text()).toBe('{"message":"Not Found"}');
  expect(api.events).toEqual([]);
});

test.each([
  ["%E5%BC%A0%E4%B8%89", "张三"],
  ["a+b", "a+b"],
  ["o.brien@x.cn", "o.brien@x.cn"],
  ["a%2Bb", "a+b"],
  ["%20", " "],
  ["100%25", "100%"],
  ["a%23b", "a#b"],
  ["__proto__", "__proto__"],
])("the path parameter %s arrives as %s", async (encoded, decoded) => {
  const api = await serve({ routes: ["GET /users/{name}/pets"] });
  await sendRaw(api.port, `GET /users/${encoded}/pets HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  expect(api.events[0]?.pathParameters).toEqual({ name: decoded });
  expect(api.events[0]?.rawPath).toBe(`/users/${decoded}/pets`);
  expect(api.events[0]?.requestContext.http.path).toBe(`/users/${decoded}/pets`);
});

test("a greedy parameter keeps its slashes, decoded ones too", async () => {
  const api = await serve({ routes: ["GET /files/{proxy+}"] });
  await fetch(`${api.origin}/files/a//b%2Fc/`);
  expect(api.events[0]?.pathParameters).toEqual({ proxy: "a//b/c/" });
});

test("an encoded question mark ends the path", async () => {
  const api = await serve({ routes: ["GET /users/{name}"] });
  await fetch(`${api.origin}/users/me%3Fadmin=true?x=1`);
  expect(api.events[0]).toMatchObject({ rawPath: "/users/me", rawQueryString: "x=1" });
});

test.each(["/%", "/%zz", "/%E5%BC", "/%FF", "*"])("the target %s is 400", async (target) => {
  const api = await serve();
  const response = await sendRaw(api.port, `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  expect(response).toMatch(/^HTTP\/1\.1 400 .*\{"message":"Bad Request"\}$/s);
  expect(api.events).toEqual([]);
});

test("a named stage is served below its name, which rawPath keeps", async () => {
  const api = await serve({ routes: ["GET /pets", "GET /"], stage: "dev" });
  const statuses = [];
  for (const path of ["/dev/pets", "/dev", "/dev/", "/pets", "/devXpets"]) {
    statuses.push((await fetch(api.origin + path)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 404, 404]);
  expect(api.events.map((event) => [event.rawPath, event.requestContext.stage])).toEqual([
    ["/dev/pets", "dev"],
    ["/dev", "dev"],
    ["/dev/", "dev"],
  ]);
});

test.each(["pets", "GET pets", "get /pets", "GET /{proxy+}/pets"])("the route key %j is refused", (routeKey) => {
  expect(() => createRouter([{ routeKey, functionArn: "", timeoutMs: 1, scopes: [] }])).toThrow(`got "${routeKey}"`);
});
