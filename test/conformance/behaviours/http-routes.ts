import { describe, expect, test } from "vitest";
import { call } from "../stage/request.ts";
import type { HttpEcho, Stage } from "../stage/stage.ts";

/** Which route a request takes. */
export function httpRoutes(stage: () => Stage): void {
  const routeOf = async (path: string, method = "GET") => (await stage().echo(path, { method })).routeKey;
  /** The same at the API below a named stage, which has a `$default` route. */
  const staged = async (path: string, method = "GET") =>
    (await call(stage().about.staged + path, { method })).json<HttpEcho>();

  describe.concurrent("HTTP routes", () => {
    test("an explicit method goes before ANY", async () => {
      expect([await routeOf("/order", "GET"), await routeOf("/order", "PUT")]).toEqual(["GET /order", "ANY /order"]);
    });

    test("a full match goes before a greedy variable", async () => {
      expect(await routeOf("/files/exact")).toBe("GET /files/exact");
      expect(await routeOf("/files/exact/more")).toBe("ANY /files/{proxy+}");
    });

    test("a greedy variable goes before $default, which takes the rest", async () => {
      const routes = [await staged("/exact"), await staged("/other/path"), await staged("/other/path", "POST")];
      expect(routes.map(({ routeKey }) => routeKey)).toEqual(["GET /exact", "GET /{proxy+}", "$default"]);
    });

    test("a variable takes one segment (likely)", async () => {
      expect(await routeOf("/items/1")).toBe("GET /items/{id}");
      expect((await stage().get("/items/1/2")).status).toBe(404);
    });

    test("no route is 404 Not Found", async () => {
      const answer = await stage().get("/nowhere");
      expect([answer.status, answer.json()]).toEqual([404, { message: "Not Found" }]);
    });

    test("a known path with another method is 404 too (likely)", async () => {
      const answer = await stage().get("/post-only");
      expect([answer.status, answer.json()]).toEqual([404, { message: "Not Found" }]);
    });

    test("a named stage is part of rawPath (likely)", async () => {
      const { rawPath, requestContext } = await staged("/exact");
      expect([rawPath, requestContext.http.path, requestContext.stage]).toEqual(["/v1/exact", "/v1/exact", "v1"]);
    });
  });
}
