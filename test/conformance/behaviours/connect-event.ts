import { describe, expect, test } from "vitest";
import type { DialOptions, Echo } from "../stage/socket.ts";
import { open } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

/** 11 bytes in URL-safe Base64: `TWegAcC4EowCHnA=`. */
export const ID = /^[\w-]{15}=$/;

/** The event of `$connect`, seen from the function. */
export function connectEvent(stage: () => Stage): void {
  /** The CONNECT event of a handshake. */
  const connected = async (query: Record<string, string> = {}, options: DialOptions = {}): Promise<Echo> => {
    const mark = newMark();
    const client = await stage().open({ mark, ...query }, options);
    client.socket.close();
    return stage().recorded(mark, "CONNECT");
  };
  /** The same without a query string. */
  const keyed = async (headers: Record<string, string | string[]> = {}): Promise<Echo> => {
    const mark = newMark();
    const client = await open(stage().about.keyed, { headers: { "X-Ticket": "t", "x-mark": mark, ...headers } });
    client.socket.close();
    return stage().recorded(mark, "CONNECT");
  };

  describe.concurrent("the CONNECT event", () => {
    test("has the client's headers in the case of the wire", async () => {
      const { headers = {} } = await connected({}, { headers: { "x-lower": "low", "X-Mixed-Case": "mixed" } });
      expect(headers).toMatchObject({ "x-lower": "low", "X-Mixed-Case": "mixed", Host: expect.any(String) });
      expect(headers).toHaveProperty("Sec-WebSocket-Key");
    });

    test("has no Connection and no Upgrade header", async () => {
      const { headers = {} } = await connected();
      expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain("connection");
      expect(Object.keys(headers).map((name) => name.toLowerCase())).not.toContain("upgrade");
    });

    test("has the headers that the gateway adds", async () => {
      const { headers } = await connected();
      expect(headers).toMatchObject({
        "X-Amzn-Trace-Id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/),
        "X-Forwarded-For": expect.stringMatching(/\S/),
        "X-Forwarded-Port": expect.stringMatching(/^\d+$/),
        "X-Forwarded-Proto": expect.stringMatching(/^https?$/),
      });
    });

    test("has every header a second time, with the list of its values", async () => {
      const { headers = {}, multiValueHeaders = {} } = await connected();
      expect(Object.keys(multiValueHeaders).sort()).toEqual(Object.keys(headers).sort());
      for (const [name, value] of Object.entries(headers)) expect(multiValueHeaders[name]).toContain(value);
    });

    test("has the query parameters, once and with the list of their values", async () => {
      const event = await connected({ extra: "plain" });
      expect(event.queryStringParameters).toMatchObject({ ticket: "t", extra: "plain" });
      expect(event.multiValueQueryStringParameters).toMatchObject({ ticket: ["t"], extra: ["plain"] });
    });

    test("has query parameters decoded (likely)", async () => {
      const { queryStringParameters } = await connected({ "a b": "ü/?&" });
      expect(queryStringParameters).toMatchObject({ "a b": "ü/?&" });
    });

    test("has the last value of a repeated query parameter (likely)", async () => {
      const mark = newMark();
      const { main } = stage().about;
      const client = await open(`${main}?ticket=t&mark=${mark}&twice=1&twice=2`);
      client.socket.close();
      const event = await stage().recorded(mark, "CONNECT");
      expect(event.queryStringParameters?.twice).toBe("2");
      expect(event.multiValueQueryStringParameters?.twice).toEqual(["1", "2"]);
    });

    test("has no query parameters when the URL has none", async () => {
      const event = await keyed();
      expect(event).not.toHaveProperty("queryStringParameters");
      expect(event).not.toHaveProperty("multiValueQueryStringParameters");
    });

    test("has no body, and is not Base64", async () => {
      const event = await connected();
      expect(event).not.toHaveProperty("body");
      expect(event.isBase64Encoded).toBe(false);
    });

    test("has no stage variables where the stage has none (likely)", async () => {
      expect(await connected()).not.toHaveProperty("stageVariables");
    });

    test("names its route, its type and its direction, and no message", async () => {
      const { requestContext } = await connected();
      expect(requestContext).toMatchObject({ routeKey: "$connect", eventType: "CONNECT", messageDirection: "IN" });
      expect(requestContext).not.toHaveProperty("messageId");
    });

    test("has a connectionId of 15 Base64 characters and =", async () => {
      expect((await connected()).requestContext.connectionId).toMatch(ID);
    });

    test("has a requestId of the same shape, which is the extendedRequestId too", async () => {
      const { requestId, extendedRequestId } = (await connected()).requestContext;
      expect(requestId).toMatch(ID);
      expect(extendedRequestId).toBe(requestId);
    });

    test("came when the connection did, give or take a millisecond", async () => {
      const { connectedAt, requestTimeEpoch } = (await connected()).requestContext;
      expect(Math.abs(connectedAt - requestTimeEpoch)).toBeLessThanOrEqual(1);
    });

    test("has its time in the Common Log Format and UTC", async () => {
      const { requestTime, requestTimeEpoch } = (await connected()).requestContext;
      expect(requestTime).toBe(commonLogTime(requestTimeEpoch));
    });

    test("names stage and domain as the URL has them, the domain without scheme and stage", async () => {
      const { stage: name, domainName, apiId } = (await connected()).requestContext;
      expect(`${domainName}/${name}`).toBe(stage().about.main.replace(/^wss?:\/\//, ""));
      expect(apiId).toMatch(/^[a-z0-9]{10}$/);
    });

    test("has the address and the User-Agent of the client as its identity", async () => {
      const { identity } = (await connected({}, { headers: { "User-Agent": "probe/1" } })).requestContext;
      expect(identity).toEqual({ sourceIp: expect.stringMatching(/^[0-9a-f.:]+$/), userAgent: "probe/1" });
    });

    test("has no User-Agent in its identity when the client sent none", async () => {
      const { identity } = (await connected()).requestContext;
      expect(Object.keys(identity)).toEqual(["sourceIp"]);
    });

    test("says how long the authorizer took (likely)", async () => {
      expect((await connected()).requestContext.authorizer?.integrationLatency).toEqual(expect.any(Number));
    });
  });
}

/** `19/Feb/2024:07:11:42 +0000` */
export function commonLogTime(timeMs: number): string {
  const [, day, month, year, time] = new Date(timeMs).toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
