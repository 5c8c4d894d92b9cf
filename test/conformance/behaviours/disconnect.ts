import { describe, expect, test } from "vitest";
import type { Client } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

/** How connections end, and what `$disconnect` is told of it. */
export function disconnect(stage: () => Stage): void {
  /** The DISCONNECT event of a connection that the client ends, with the MESSAGE event before it. */
  const endedBy = async (end: (client: Client) => void) => {
    const client = await stage().open({ mark: newMark() }, { headers: { "User-Agent": "probe/4" } });
    const message = await client.ask("hello");
    end(client);
    return { message, event: await stage().recorded(message.requestContext.connectionId, "DISCONNECT") };
  };
  const close = ({ socket }: Client) => socket.close();

  describe.concurrent("the DISCONNECT event", () => {
    test("has exactly four headers, and none of the client's", async () => {
      const { event } = await endedBy(close);
      const expected = { "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
      expect(event.headers).toEqual({ Host: event.requestContext.domainName, ...expected });
      expect(Object.keys(event.multiValueHeaders ?? {}).sort()).toEqual(Object.keys(event.headers ?? {}).sort());
    });

    test("has neither query parameters nor a body", async () => {
      const { event } = await endedBy(close);
      for (const absent of ["queryStringParameters", "multiValueQueryStringParameters", "body"])
        expect(event).not.toHaveProperty(absent);
      expect(event.isBase64Encoded).toBe(false);
    });

    test("names its route, its type and its direction, and no message", async () => {
      const { requestContext } = (await endedBy(close)).event;
      expect(requestContext).toMatchObject({
        routeKey: "$disconnect",
        eventType: "DISCONNECT",
        messageDirection: "IN",
      });
      expect(requestContext).not.toHaveProperty("messageId");
    });

    test("has the connection's id, time and identity, and a requestId of its own", async () => {
      const { message, event } = await endedBy(close);
      const { connectionId, connectedAt, identity, requestId } = message.requestContext;
      expect(event.requestContext).toMatchObject({ connectionId, connectedAt, identity });
      expect(event.requestContext.requestId).not.toBe(requestId);
      expect(event.requestContext.extendedRequestId).toBe(event.requestContext.requestId);
    });

    test("does not say how long the authorizer took", async () => {
      const { authorizer } = (await endedBy(close)).event.requestContext;
      expect(authorizer).toMatchObject({ principalId: "probe" });
      expect(authorizer).not.toHaveProperty("integrationLatency");
    });

    test.each<[string, (client: Client) => void, number, string]>([
      ["1005 for a client that closes without a code", close, 1005, "Client-side close frame status not set"],
      ["1001 for a browser's tab that is closed", ({ socket }) => socket.close(1001), 1001, ""],
      ["the client's code and reason (likely)", ({ socket }) => socket.close(4321, "enough"), 4321, "enough"],
      ["the client's code and no reason (likely)", ({ socket }) => socket.close(4000), 4000, ""],
      [
        "1006 for a client that is gone without a word (likely)",
        ({ socket }) => socket.terminate(),
        1006,
        "Connection Closed Abnormally",
      ],
    ])("has %s", async (_, end, disconnectStatusCode, disconnectReason) => {
      const { requestContext } = (await endedBy(end)).event;
      expect(requestContext).toMatchObject({ disconnectStatusCode, disconnectReason });
    });

    test("is the only one of its connection", async () => {
      const { event } = await endedBy(close);
      const { event: later } = await endedBy(close);
      expect(later.requestContext.connectionId).not.toBe(event.requestContext.connectionId);
      const kinds = (await stage().records(event.requestContext.connectionId)).map(({ kind }) => kind);
      expect(kinds).toEqual(["DISCONNECT"]);
    });
  });
}
