import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { ManagementResult } from "../probe/management.ts";
import { dial, open, refusal } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

/** What `$connect` makes of a handshake. */
export function handshake(stage: () => Stage): void {
  const refusedWhen = (connect: string, mark = newMark()) =>
    refusal(stage().about.main, { query: { ticket: "t", mark, connect } });

  describe.concurrent("the result of $connect", () => {
    test.each([200, 204, 299])("%i opens the connection", async (status) => {
      expect((await refusedWhen(`status:${status}`)).status).toBe(101);
    });

    test.each([400, 401, 500, 501, 502])("%i fails the handshake with that status", async (status) => {
      expect((await refusedWhen(`status:${status}`)).status).toBe(status);
    });

    test.each([403, 404, 503])("%i fails the handshake with that status (likely)", async (status) => {
      expect((await refusedWhen(`status:${status}`)).status).toBe(status);
    });

    test("an error is 502", async () => {
      expect((await refusedWhen("throw")).status).toBe(502);
    });

    test("a timeout is 502", async () => {
      const headers = { "X-Ticket": "t", "x-connect": "hang" };
      expect((await refusal(stage().about.keyed, { headers })).status).toBe(502);
    });

    test("a result without a status is 502 (likely)", async () => {
      expect((await refusedWhen("no-status")).status).toBe(502);
    });

    test("a refused handshake has a message and two ids in its body (likely)", async () => {
      expect(JSON.parse((await refusedWhen("status:403")).body)).toEqual({
        message: expect.any(String),
        connectionId: expect.any(String),
        requestId: expect.any(String),
      });
    });

    test("the handshake is held until it is there", async () => {
      const mark = newMark();
      const socket = dial(stage().about.main, { query: { ticket: "t", mark, connect: "wait" } });
      await stage().recorded(mark, "CONNECT");
      expect(socket.readyState).toBe(socket.CONNECTING);
      const helper = await stage().open();
      await helper.ask({ do: "record", mark, name: "release" });
      if (socket.readyState === socket.CONNECTING) await once(socket, "open");
      for (const each of [socket, helper.socket]) each.close();
    });

    test("its body is not sent without a route response", async () => {
      const client = await stage().open({ connect: "body" });
      const first = await client.ask("hello");
      client.socket.close();
      expect(first).toMatchObject({ body: "hello" });
    });

    test("its body is the first frame with a route response (likely)", async () => {
      const client = await open(stage().about.keyed, { headers: { "X-Ticket": "t", "x-connect": "body" } });
      expect(await client.nextText()).toBe("from $connect");
      client.socket.close();
    });
  });

  describe.concurrent("the subprotocol", () => {
    test("is the one that $connect answers, whichever is offered first", async () => {
      const client = await stage().open({ connect: "subprotocol:second" }, { protocols: ["first", "second"] });
      client.socket.close();
      expect(client.socket.protocol).toBe("second");
    });

    test("is missing when $connect answers none, so that the client gives up", async () => {
      await expect(stage().open({}, { protocols: ["first"] })).rejects.toThrow("Server sent no subprotocol");
    });
  });

  describe.concurrent("opening a connection", () => {
    test("takes no $connect route", async () => {
      const client = await open(stage().about.plain);
      expect((await client.ask({ action: "two-way" })).requestContext.routeKey).toBe("two-way");
      client.socket.close();
    });

    test("@connections is 410 for a connection whose $connect still runs", async () => {
      const mark = newMark();
      const client = await stage().open({ mark, connect: "post-to-self" });
      client.socket.close();
      expect(await stage().recorded<ManagementResult>(mark, "post-to-self")).toMatchObject({
        status: 410,
        name: "GoneException",
      });
    });

    test("a client that leaves while $connect runs has no DISCONNECT (likely)", async () => {
      const mark = newMark();
      const socket = dial(stage().about.main, { query: { ticket: "t", mark, connect: "wait" } });
      const { connectionId } = (await stage().recorded(mark, "CONNECT")).requestContext;
      socket.terminate();
      const other = await stage().open();
      const { requestContext } = await other.ask({ do: "record", mark, name: "release" });
      other.socket.close();
      await stage().recorded(requestContext.connectionId, "DISCONNECT");
      expect(await stage().records(connectionId)).toEqual([]);
    });

    test("a refused handshake has no DISCONNECT", async () => {
      const mark = newMark();
      await refusedWhen("status:403", mark);
      const { connectionId } = (await stage().recorded(mark, "CONNECT")).requestContext;
      const other = await stage().open();
      const { requestContext } = await other.ask("hello");
      other.socket.close();
      await stage().recorded(requestContext.connectionId, "DISCONNECT");
      expect(await stage().records(connectionId)).toEqual([]);
    });

    test("an unknown stage is 403 (likely)", async () => {
      expect((await refusal(stage().about.main.replace(/main$/, "unknown"))).status).toBe(403);
    });

    test("a URL of 4,000 characters is taken", async () => {
      const client = await stage().open({ padding: "x".repeat(3900) });
      client.socket.close();
      expect(client.socket.protocol).toBe("");
    });

    test("a URL of more than 4,096 characters is refused", async () => {
      const { status } = await refusal(stage().about.main, { query: { ticket: "t", padding: "x".repeat(4200) } });
      expect(status).toBeGreaterThanOrEqual(400);
    });

    test("compression is not agreed to (likely)", async () => {
      const client = await stage().open({}, { perMessageDeflate: true });
      client.socket.close();
      expect(client.socket.extensions).toBe("");
    });
  });
}
