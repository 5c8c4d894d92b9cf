import { expect, test } from "vitest";
import { sendRaw, serve } from "./serve.ts";

test("a request without anything optional has no optional members", async () => {
  const api = await serve({ routes: ["GET /pets"] });
  const before = Date.now();
  const response = await sendRaw(api.port, "GET /pets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const requestId = /^apigw-requestid: (.+)$/m.exec(response)?.[1]?.trim();
  const event = api.events[0];
  expect(event).toEqual({
    version: "2.0",
    routeKey: "GET /pets",
    rawPath: "/pets",
    rawQueryString: "",
    headers: {
      host: "x",
      "content-length": "0",
      "x-amzn-trace-id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-port": String(api.port),
      "x-forwarded-proto": "http",
    },
    requestContext: {
      accountId: "123456789012",
      apiId: "a1b2c3d4e5",
      domainName: `localhost:${api.port}`,
      domainPrefix: "localhost",
      http: { method: "GET", path: "/pets", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
      requestId,
      routeKey: "GET /pets",
      stage: "$default",
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      timeEpoch: expect.any(Number),
    },
    isBase64Encoded: false,
  });
  expect(requestId).toMatch(/^[\w-]{15}=$/);
  expect(event?.requestContext.timeEpoch).toBeGreaterThanOrEqual(before);
  const [day, month, rest] = event?.requestContext.time.split("/") ?? [];
  const seconds = Math.floor((event?.requestContext.timeEpoch ?? 0) / 1000) * 1000;
  expect(Date.parse(`${day} ${month} ${rest?.replace(":", " ")}`)).toBe(seconds);
});

test("header names are lower case, repeated values comma-joined, the hop's own left out", async () => {
  const api = await serve();
  const lines = ["Host: x", "X-Thing: a", "x-thing: b, c", "User-Agent: test/1", "__proto__: p", "TE: trailers"];
  await sendRaw(api.port, `GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
  const { headers, requestContext } = api.events[0] ?? {};
  expect(headers).toMatchObject({ host: "x", "x-thing": "a,b, c", "user-agent": "test/1" });
  expect(Object.entries(headers ?? {})).toContainEqual(["__proto__", "p"]);
  expect(Object.keys(headers ?? {})).not.toContain("connection");
  expect(Object.keys(headers ?? {})).not.toContain("te");
  expect(requestContext?.http.userAgent).toBe("test/1");
});

test("bytes beyond ASCII in a header stay one character each", async () => {
  const api = await serve();
  await sendRaw(api.port, Buffer.from("GET / HTTP/1.1\r\nhost: x\r\nx-name: é\r\nconnection: close\r\n\r\n", "utf8"));
  expect(api.events[0]?.headers["x-name"]).toBe("Ã©");
});

test("cookies are apart from the headers", async () => {
  const api = await serve();
  const cookies = "Cookie: a=1; b=2\r\nCookie: c=3";
  await sendRaw(api.port, `GET / HTTP/1.1\r\nhost: x\r\n${cookies}\r\nconnection: close\r\n\r\n`);
  expect(api.events[0]?.cookies).toEqual(["a=1", "b=2", "c=3"]);
  expect(api.events[0]?.headers).not.toHaveProperty("cookie");
});

test("the query string is decoded and comma-joined, the raw one stays encoded", async () => {
  const api = await serve();
  const query = "a=1&b=%E5%BC%A0+%2B&a=2&c=&d&__proto__=x&e=%zz&f=1?2";
  await fetch(`${api.origin}/?${query}`);
  expect(api.events[0]?.rawQueryString).toBe(query);
  expect(Object.entries(api.events[0]?.queryStringParameters ?? {})).toEqual([
    ["a", "1,2"],
    ["b", "张 +"],
    ["c", ""],
    ["d", ""],
    ["__proto__", "x"],
    ["e", "%zz"],
    ["f", "1?2"],
  ]);
});

test("what a proxy before us says of the client is kept, and our view added", async () => {
  const api = await serve();
  const trace = "Root=1-5e66d96f-7491f09c0000000000000000";
  await fetch(api.origin, { headers: { "x-forwarded-for": "192.0.2.1", "x-amzn-trace-id": trace } });
  expect(api.events[0]?.headers["x-forwarded-for"]).toBe("192.0.2.1, 127.0.0.1");
  expect(api.events[0]?.headers["x-amzn-trace-id"]).toBe(trace);
});

test.each(["application/json", "text/plain", "TEXT/html; charset=utf-8", "application/xml", "application/javascript"])(
  "a body of %s arrives as text",
  async (contentType) => {
    const api = await serve();
    await fetch(api.origin, { method: "POST", body: '{"text":"张三"}', headers: { "content-type": contentType } });
    expect(api.events[0]).toMatchObject({ body: '{"text":"张三"}', isBase64Encoded: false });
    expect(api.events[0]?.headers["content-length"]).toBe("17");
  },
);

test.each(["application/x-www-form-urlencoded", "application/problem+json", "application/octet-stream", undefined])(
  "a body of %s arrives in base64",
  async (contentType) => {
    const api = await serve();
    const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    await fetch(api.origin, { method: "POST", body: Buffer.from([0, 255, 128]), headers });
    expect(api.events[0]).toMatchObject({ body: "AP+A", isBase64Encoded: true });
  },
);

test("an empty body is absent and not in base64", async () => {
  const api = await serve();
  await fetch(api.origin, { method: "POST", body: "", headers: { "content-type": "image/png" } });
  expect(api.events[0]).not.toHaveProperty("body");
  expect(api.events[0]?.isBase64Encoded).toBe(false);
});

test("a chunked body arrives whole, with its length", async () => {
  const api = await serve();
  const head =
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\nconnection: close";
  await sendRaw(api.port, `${head}\r\n\r\n3\r\nabc\r\n`, "2\r\nde\r\n0\r\n\r\n");
  expect(api.events[0]).toMatchObject({ body: "abcde", headers: { "content-length": "5" } });
  expect(api.events[0]?.headers).not.toHaveProperty("transfer-encoding");
});
