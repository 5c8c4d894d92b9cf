import { describe, expect, test } from "vitest";
import type { Stage } from "../stage/stage.ts";
import { commonLogTime } from "./connect-event.ts";

/** The event of payload format 2.0, seen from the function. */
export function httpEvent(stage: () => Stage): void {
  describe.concurrent("the HTTP event", () => {
    test("is of version 2.0 and names its route twice", async () => {
      const event = await stage().echo("/probe");
      expect(event).toMatchObject({ version: "2.0", routeKey: "ANY /probe" });
      expect(event.requestContext.routeKey).toBe("ANY /probe");
    });

    test("has header names in lower case", async () => {
      const { headers } = await stage().echo("/probe", { headers: { "X-Mixed-Case": "Kept As Is" } });
      expect(headers).toMatchObject({ "x-mixed-case": "Kept As Is", host: expect.any(String) });
      expect(Object.keys(headers)).toEqual(Object.keys(headers).map((name) => name.toLowerCase()));
    });

    test("has repeated headers joined with a comma, and no lists beside them", async () => {
      const event = await stage().echo("/probe", { headers: { "x-twice": ["1", "2"] } });
      expect(event.headers["x-twice"]).toBe("1,2");
      expect(event).not.toHaveProperty("multiValueHeaders");
    });

    test("has the headers that the gateway adds", async () => {
      const { headers } = await stage().echo("/probe");
      expect(headers).toMatchObject({
        "x-amzn-trace-id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/),
        "x-forwarded-for": expect.stringMatching(/\S/),
        "x-forwarded-port": expect.stringMatching(/^\d+$/),
        "x-forwarded-proto": expect.stringMatching(/^https?$/),
      });
    });

    test("has cookies as a list, and not among the headers", async () => {
      const { cookies, headers } = await stage().echo("/probe", { headers: { cookie: "a=1; b=2" } });
      expect(cookies).toEqual(["a=1", "b=2"]);
      expect(headers).not.toHaveProperty("cookie");
    });

    test("has nothing where the request has neither cookies, nor a query, nor a body, nor the route variables", async () => {
      const event = await stage().echo("/probe");
      for (const member of ["cookies", "queryStringParameters", "pathParameters", "body", "stageVariables"] as const)
        expect([member, event[member] ?? null]).toEqual([member, null]);
      expect(event.rawQueryString).toBe("");
      expect(event.requestContext.authorizer ?? null).toBeNull();
    });

    test("has the query string as it came, and its parameters decoded", async () => {
      const event = await stage().echo("/probe?a%20b=%C3%BC%26&plus=1+2&flag");
      expect(event.rawQueryString).toBe("a%20b=%C3%BC%26&plus=1+2&flag");
      expect(event.queryStringParameters).toMatchObject({ "a b": "ü&", flag: "" });
    });

    test("has repeated query parameters joined with a comma", async () => {
      const event = await stage().echo("/probe?k=1&other=x&k=2");
      expect(event.queryStringParameters).toEqual({ k: "1,2", other: "x" });
      expect(event).not.toHaveProperty("multiValueQueryStringParameters");
    });

    test.each([
      ["%20", "/files/a%20b", "/files/a b"],
      ["%2F", "/files/a%2Fb", "/files/a/b"],
      ["%C3%BC", "/files/%C3%BC", "/files/ü"],
    ])("has its path decoded: %s", async (_, path, decoded) => {
      const { rawPath, requestContext } = await stage().echo(path);
      expect([rawPath, requestContext.http.path]).toEqual([decoded, decoded]);
    });

    test("has a path that ends at an encoded ?", async () => {
      expect((await stage().echo("/files/a%3Fb")).rawPath).toBe("/files/a");
    });

    test("has path parameters, decoded", async () => {
      const { routeKey, pathParameters } = await stage().echo("/items/a%20b/parts/%C3%BC");
      expect(routeKey).toBe("GET /items/{id}/parts/{part}");
      expect(pathParameters).toEqual({ id: "a b", part: "ü" });
    });

    test("has all that a greedy variable covers", async () => {
      expect((await stage().echo("/files/a/b%20c/d")).pathParameters).toEqual({ proxy: "a/b c/d" });
    });

    test("describes the request", async () => {
      const headers = { "user-agent": "probe/5" };
      const { http } = (await stage().echo("/probe?q=1", { method: "DELETE", headers })).requestContext;
      expect(http).toEqual({
        method: "DELETE",
        path: "/probe",
        protocol: "HTTP/1.1",
        sourceIp: expect.stringMatching(/^[0-9a-f.:]+$/),
        userAgent: "probe/5",
      });
    });

    test("names the API, its account, its stage and its domain", async () => {
      const { requestContext } = await stage().echo("/probe");
      const host = stage().url.replace(/^https?:\/\//, "");
      expect(requestContext).toMatchObject({
        accountId: expect.stringMatching(/^\d{12}$/),
        apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
        domainName: host,
        domainPrefix: host.split(/[.:]/)[0],
        stage: "$default",
      });
    });

    test("has its time as a number and in the Common Log Format", async () => {
      const { time, timeEpoch } = (await stage().echo("/probe")).requestContext;
      expect(Math.abs(timeEpoch - Date.now())).toBeLessThan(60_000);
      expect(time).toBe(commonLogTime(timeEpoch));
    });

    test("has the requestId that the answer has as apigw-requestid (likely)", async () => {
      const answer = await stage().get("/probe");
      const { requestContext } = answer.json<{ requestContext: { requestId: string } }>();
      expect(requestContext.requestId).toBe(answer.headers["apigw-requestid"]);
    });
  });

  describe.concurrent("the body in the HTTP event", () => {
    const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
      stage().echo("/probe", { method: "POST", body, headers });

    test.each([
      "application/json",
      "text/csv",
      "application/xml",
      "application/javascript",
      "text/plain; charset=utf-8",
    ])("is text for %s", async (type) => {
      const { body, isBase64Encoded } = await post("grüße", { "content-type": type });
      expect([body, isBase64Encoded]).toEqual(["grüße", false]);
    });

    test.each(["application/x-www-form-urlencoded", "application/octet-stream", "image/png"])(
      "is Base64 for %s",
      async (type) => {
        const { body, isBase64Encoded } = await post("a=1&b=2", { "content-type": type });
        expect([body, isBase64Encoded]).toEqual([Buffer.from("a=1&b=2").toString("base64"), true]);
      },
    );

    test("is Base64 without a content type", async () => {
      const bytes = Buffer.from([0, 255, 128]);
      const { body, isBase64Encoded } = await post(bytes);
      expect([body, isBase64Encoded]).toEqual([bytes.toString("base64"), true]);
    });

    test("is not Base64 when it is empty", async () => {
      const { body, isBase64Encoded } = await post("", { "content-type": "application/octet-stream" });
      expect([body ?? "", isBase64Encoded]).toEqual(["", false]);
    });
  });
}
