import { describe, expect, test } from "vitest";
import type { Stage } from "../stage/stage.ts";

/** What the client gets for what the function returns. */
export function httpResponse(stage: () => Stage): void {
  const result = (name: string) => stage().get(`/probe?do=${name}`);

  describe.concurrent("the result of an HTTP route", () => {
    test("without a status is 200, JSON, and the body itself", async () => {
      const answer = await result("no-status");
      expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
      expect(answer.json()).toEqual({ hello: "world" });
    });

    test("that is a text is 200, JSON by its type, and the text as it is", async () => {
      const answer = await result("string");
      expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([
        200,
        "application/json",
        "just text",
      ]);
    });

    test("has its dates as texts, and lacks what is undefined (likely)", async () => {
      expect((await result("date")).json()).toEqual({ at: "1970-01-01T00:00:00.000Z" });
    });

    test("with a status and no content type is plain text, even if it is JSON", async () => {
      const answer = await result("no-content-type");
      expect([answer.status, answer.headers["content-type"]]).toEqual([201, "text/plain; charset=utf-8"]);
      expect(answer.text).toBe('{"hello":"world"}');
    });

    test("has its own status, headers and body", async () => {
      const answer = await result("headers");
      expect([answer.status, answer.text]).toEqual([418, "teapot"]);
      expect(answer.headers).toMatchObject({ "content-type": "text/css", "x-own": "mine" });
    });

    test("may be a status alone (likely)", async () => {
      const answer = await result("status-only");
      expect([answer.status, answer.text]).toEqual([204, ""]);
    });

    test("has one set-cookie header for each of its cookies", async () => {
      expect((await result("cookies")).headers["set-cookie"]).toEqual(["a=1; Path=/", "b=2, and more"]);
    });

    test("in Base64 is sent as the bytes that it means", async () => {
      const answer = await result("base64");
      expect(answer.headers["content-type"]).toBe("image/png");
      expect([...answer.bytes]).toEqual([0, 255, 128, 10]);
    });

    test.each([
      ["an error", "/probe?do=throw"],
      ["a status of 0", "/probe?do=status-0"],
      ["a status that is not whole", "/probe?do=status-fraction"],
      ["a status that is a word", "/probe?do=status-word"],
      ["a function whose module does not load", "/broken"],
      ["a function that times out (likely)", "/state?do=hang&mark=unwatched"],
    ])("is 500 Internal Server Error for %s", async (_, path) => {
      const answer = await stage().get(path);
      expect([answer.status, answer.json()]).toEqual([500, { message: "Internal Server Error" }]);
      expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    });

    test("is 503 Service Unavailable when the integration times out (likely)", async () => {
      const answer = await stage().get("/late?do=hang&mark=unwatched");
      expect([answer.status, answer.json()]).toEqual([503, { message: "Service Unavailable" }]);
    });

    test("has no body for HEAD (likely)", async () => {
      const answer = await stage().get("/probe", { method: "HEAD" });
      expect([answer.status, answer.text]).toEqual([200, ""]);
    });
  });

  describe.concurrent("limits of a request", () => {
    test("more than 10 MB are 413 Request Entity Too Large (likely)", async () => {
      const body = Buffer.alloc(10 * 1024 * 1024 + 1);
      const answer = await stage().get("/probe", { method: "POST", body });
      expect([answer.status, answer.json()]).toEqual([413, { message: "Request Entity Too Large" }]);
    });

    test("headers of more than 10,240 bytes are 431 (likely)", async () => {
      const answer = await stage().get("/probe", { headers: { "x-long": "x".repeat(10_240) } });
      expect(answer.status).toBe(431);
    });

    test("headers of 9,000 bytes are taken", async () => {
      const { headers } = await stage().echo("/probe", { headers: { "x-long": "x".repeat(9_000) } });
      expect(headers["x-long"]).toHaveLength(9_000);
    });
  });

  describe.concurrent("apigw-requestid", () => {
    test.each([
      ["a function's answer", 200, "/probe"],
      ["a function's error", 500, "/probe?do=throw"],
      ["a path without a route", 404, "/nowhere"],
      ["a request without a token", 401, "/guarded"],
    ])("is on %s", async (_, status, path) => {
      const answer = await stage().get(path);
      expect(answer.status).toBe(status);
      expect(answer.headers["apigw-requestid"]).toMatch(/^[\w-]{15}=$/);
    });
  });
}
