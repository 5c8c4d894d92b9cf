import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { open } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";
import { ID } from "./connect-event.ts";

/** After so long, the clock shows another millisecond. */
const CLOCK_MS = 5;

/** The event of a message, seen from the function. */
export function messageEvent(stage: () => Stage): void {
  const echoed = async (text: string) => {
    const client = await stage().open({ mark: newMark() });
    const event = await client.ask(text);
    client.socket.close();
    return event;
  };

  describe.concurrent("the MESSAGE event", () => {
    test("has neither headers nor query parameters", async () => {
      const event = await echoed("hello");
      for (const absent of ["headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"])
        expect(event).not.toHaveProperty(absent);
    });

    test.each(['{"action" : "two-way" }', "plain text", "grüße 👋 \n\t\u0001", '"a JSON text"'])(
      "has the text verbatim as its body: %j",
      async (text) => {
        const event = await echoed(text);
        expect(event.body).toBe(text);
        expect(event.isBase64Encoded).toBe(false);
      },
    );

    test("names its type, its direction and its message", async () => {
      const { requestContext } = await echoed("hello");
      expect(requestContext).toMatchObject({ eventType: "MESSAGE", messageDirection: "IN" });
      expect(requestContext.messageId).toEqual(expect.any(String));
    });

    test("has the connectionId and the connectedAt of the handshake, and ids of its own", async () => {
      const mark = newMark();
      const client = await stage().open({ mark });
      const first = (await client.ask("1")).requestContext;
      const second = (await client.ask("2")).requestContext;
      client.socket.close();
      const connect = (await stage().recorded(mark, "CONNECT")).requestContext;
      for (const { connectionId, connectedAt } of [first, second])
        expect({ connectionId, connectedAt }).toEqual({
          connectionId: connect.connectionId,
          connectedAt: connect.connectedAt,
        });
      expect(new Set([connect, first, second].map(({ requestId }) => requestId)).size).toBe(3);
      expect(first.messageId).not.toBe(second.messageId);
    });

    test("has a requestId of the usual shape, which is the extendedRequestId too", async () => {
      const { requestId, extendedRequestId } = (await echoed("hello")).requestContext;
      expect(requestId).toMatch(ID);
      expect(extendedRequestId).toBe(requestId);
    });

    test("has the time of the message, not of the connection", async () => {
      const client = await stage().open();
      const first = (await client.ask("1")).requestContext;
      await delay(CLOCK_MS);
      const second = (await client.ask("2")).requestContext;
      client.socket.close();
      expect(first.requestTimeEpoch).toBeGreaterThanOrEqual(first.connectedAt);
      expect(second.requestTimeEpoch).toBeGreaterThan(first.requestTimeEpoch);
    });

    test("has the identity of the handshake", async () => {
      const client = await stage().open({}, { headers: { "User-Agent": "probe/2" } });
      const { identity } = (await client.ask("hello")).requestContext;
      client.socket.close();
      expect(identity).toEqual({ sourceIp: expect.any(String), userAgent: "probe/2" });
    });

    test("has no authorizer, rather than null, where the API has none", async () => {
      const client = await open(stage().about.plain);
      const { requestContext } = await client.ask({ action: "two-way" });
      client.socket.close();
      expect(requestContext).not.toHaveProperty("authorizer");
    });
  });
}
