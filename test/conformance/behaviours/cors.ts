import { describe, expect, test } from "vitest";
import type { Answer } from "../stage/request.ts";
import type { Stage } from "../stage/stage.ts";

const ALLOWED = "https://allowed.example";

/** What an HTTP API with a CORS configuration says to browsers. */
export function cors(stage: () => Stage): void {
  const preflight = (path: string, origin = ALLOWED) =>
    stage().get(path, { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
  const corsHeaders = ({ headers }: Answer) =>
    Object.keys(headers).filter((name) => name.startsWith("access-control-"));

  describe.concurrent("CORS", () => {
    test("a preflight is answered without an OPTIONS route: 204, with all that is allowed", async () => {
      const answer = await preflight("/post-only");
      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": ALLOWED,
        "access-control-allow-credentials": "true",
        "access-control-max-age": "600",
      });
      expect(listed(answer.headers["access-control-allow-methods"])).toEqual(["GET", "POST"]);
      expect(listed(answer.headers["access-control-allow-headers"])).toEqual(["authorization", "content-type"]);
    });

    test("a preflight from each of the allowed origins has that origin back", async () => {
      const { headers } = await preflight("/post-only", "http://localhost:5173");
      expect(headers["access-control-allow-origin"]).toBe("http://localhost:5173");
    });

    test("a preflight from another origin is 204 without a permission", async () => {
      const answer = await preflight("/post-only", "https://other.example");
      expect(answer.status).toBe(204);
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    });

    test("OPTIONS without an origin is no preflight (likely)", async () => {
      const headers = { "access-control-request-method": "GET" };
      expect((await stage().get("/post-only", { method: "OPTIONS", headers })).status).toBe(404);
    });

    test("OPTIONS without a method that is asked for is no preflight (likely)", async () => {
      expect((await stage().get("/post-only", { method: "OPTIONS", headers: { origin: ALLOWED } })).status).toBe(404);
    });

    test("a preflight of a guarded route with a method of its own needs no token (likely)", async () => {
      expect((await preflight("/guarded")).status).toBe(204);
    });

    test("a preflight of a guarded ANY route needs a token", async () => {
      expect((await preflight("/guarded/any")).status).toBe(401);
    });

    test("an unguarded OPTIONS route beside a guarded ANY route lets a preflight through", async () => {
      const answer = await preflight("/guarded/greedy/path");
      expect(answer.status).toBeLessThan(300);
      expect(answer.headers["access-control-allow-origin"]).toBe(ALLOWED);
    });

    test("a function's answer to an allowed origin has the API's headers", async () => {
      const answer = await stage().get("/probe", { headers: { origin: ALLOWED } });
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": ALLOWED,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-exposed",
      });
    });

    test("a function's answer to another origin has no permission", async () => {
      const { headers } = await stage().get("/probe", { headers: { origin: "https://other.example" } });
      expect(headers).not.toHaveProperty("access-control-allow-origin");
    });

    test("a function's own headers are ignored", async () => {
      const { headers } = await stage().get("/probe?do=own-cors", { headers: { origin: ALLOWED } });
      expect(headers["access-control-allow-origin"]).toBe(ALLOWED);
      expect(headers).not.toHaveProperty("access-control-allow-methods");
    });

    test("a request without an origin has no CORS headers, not even the function's", async () => {
      expect(corsHeaders(await stage().get("/probe?do=own-cors"))).toEqual([]);
    });
  });
}

function listed(value: unknown): string[] {
  return String(value)
    .split(",")
    .map((each) => each.trim())
    .sort();
}
