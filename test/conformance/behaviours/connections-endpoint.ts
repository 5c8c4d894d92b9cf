import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { FrameMeter } from "../../../local/websocket-api/frame-meter.ts";
import { call } from "../stage/request.ts";
import { dial } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

const MESSAGE_BYTES_MAX = 128 * 1024;
/** Well-formed, but of no connection. */
const UNKNOWN_ID = "-_A0123456789bc=";

/** The management API of a WebSocket API, called with the AWS SDK by a function. */
export function connectionsEndpoint(stage: () => Stage): void {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const post = (connectionId: string, text: string) =>
    stage().manage({ method: "POST", connectionId, data: base64(text) });
  const connect = async (headers: Record<string, string> = {}) => {
    const client = await stage().open({}, { headers });
    return { client, connectionId: (await client.ask("hello")).requestContext.connectionId };
  };

  describe.concurrent("@connections", () => {
    test("POST answers 200 with an empty body, and delivers a text frame", async () => {
      const { client, connectionId } = await connect();
      const arrived = once(client.socket, "message", { signal: AbortSignal.timeout(10_000) });
      expect(await post(connectionId, "grüße")).toMatchObject({ status: 200, body: "" });
      const [bytes, isBinary] = await arrived;
      client.socket.close();
      expect([String(bytes), isBinary]).toEqual(["grüße", false]);
    });

    test("POSTs that wait for each other arrive in their order (likely)", async () => {
      const { client, connectionId } = await connect();
      for (const text of ["1", "2", "3"]) await post(connectionId, text);
      const texts = [await client.nextText(), await client.nextText(), await client.nextText()];
      client.socket.close();
      expect(texts).toEqual(["1", "2", "3"]);
    });

    test("the path may be written with %40", async () => {
      const { client, connectionId } = await connect();
      const data = base64("encoded");
      const { status } = await stage().manage({ method: "POST", connectionId, data, spelling: "encoded-at" });
      expect(status).toBe(200);
      expect(await client.nextText()).toBe("encoded");
      client.socket.close();
    });

    test("POST takes 128 KB", async () => {
      const { client, connectionId } = await connect();
      expect((await post(connectionId, "x".repeat(MESSAGE_BYTES_MAX))).status).toBe(200);
      expect(await client.nextText()).toHaveLength(MESSAGE_BYTES_MAX);
      client.socket.close();
    });

    test("POST of one byte more is 413 PayloadTooLargeException, and the connection stays open", async () => {
      const { client, connectionId } = await connect();
      const result = await post(connectionId, "x".repeat(MESSAGE_BYTES_MAX + 1));
      expect(result).toMatchObject({ status: 413, name: "PayloadTooLargeException" });
      expect((await client.ask("still here")).body).toBe("still here");
      client.socket.close();
    });

    test("a long message leaves in frames of at most 32 KB (likely)", async () => {
      const mark = newMark();
      const socket = dial(stage().about.main, { query: { ticket: "t", mark } });
      const meter = new FrameMeter();
      socket.once("upgrade", (response: IncomingMessage) => response.socket.on("data", (chunk) => meter.read(chunk)));
      await once(socket, "open");
      const { connectionId } = (await stage().recorded(mark, "CONNECT")).requestContext;
      const arrived = once(socket, "message", { signal: AbortSignal.timeout(10_000) });
      await post(connectionId, "x".repeat(70_000));
      await arrived;
      socket.close();
      expect([meter.messages, meter.exceeded]).toEqual([1, false]);
    });

    test("GET tells times and identity, in the form that the SDK reads", async () => {
      const { client, connectionId } = await connect({ "User-Agent": "probe/3" });
      const { connectedAt } = (await client.ask("hello")).requestContext;
      const { status, output } = await stage().manage({ method: "GET", connectionId });
      client.socket.close();
      expect(status).toBe(200);
      expect(output?.identity).toEqual({ sourceIp: expect.any(String), userAgent: "probe/3" });
      // A live gateway may write seconds only.
      expect(Math.abs(Date.parse(output?.connectedAt ?? "") - connectedAt)).toBeLessThan(1000);
      expect(Date.parse(output?.lastActiveAt ?? "")).toBeGreaterThan(connectedAt - 1000);
    });

    test("GET has its members in camelCase, and its times as RFC 3339 texts", async () => {
      const { client, connectionId } = await connect();
      const body = JSON.parse((await stage().manage({ method: "GET", connectionId })).body);
      client.socket.close();
      expect(Object.keys(body).sort()).toEqual(["connectedAt", "identity", "lastActiveAt"]);
      expect(body.connectedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    });

    test("DELETE answers 204, closes with 1000 and is followed by DISCONNECT", async () => {
      const { client, connectionId } = await connect();
      expect((await stage().manage({ method: "DELETE", connectionId })).status).toBe(204);
      await client.ended;
      const { requestContext } = await stage().recorded(connectionId, "DISCONNECT");
      expect(requestContext).toMatchObject({
        disconnectStatusCode: 1000,
        disconnectReason: "Connection Closed Normally",
      });
    });

    test("DELETE shows the client 1000 (likely)", async () => {
      const { client, connectionId } = await connect();
      await stage().manage({ method: "DELETE", connectionId });
      expect((await client.ended).code).toBe(1000);
    });

    test.each(["POST", "GET", "DELETE"] as const)(
      "%s is 410 GoneException for a connection that is gone",
      async (method) => {
        const { client, connectionId } = await connect();
        client.socket.close();
        await stage().recorded(connectionId, "DISCONNECT");
        const result = await stage().manage({ method, connectionId, data: base64("late") });
        expect(result).toMatchObject({ status: 410, name: "GoneException" });
      },
    );

    test("410 has an empty body, and names the exception in a header", async () => {
      const { client, connectionId } = await connect();
      client.socket.close();
      await stage().recorded(connectionId, "DISCONNECT");
      const { body, headers } = await stage().manage({ method: "GET", connectionId });
      expect([body, headers["x-amzn-errortype"]]).toEqual(["", "GoneException"]);
    });

    test("an id that no connection ever had is 410 (likely)", async () => {
      expect((await post(UNKNOWN_ID, "nobody")).status).toBe(410);
    });

    test("a malformed id is 400 BadRequestException (likely)", async () => {
      expect(await post("malformed", "nobody")).toMatchObject({ status: 400, name: "BadRequestException" });
    });

    test("a request without a signature is 403", async () => {
      const { client, connectionId } = await connect();
      const url = `${stage().about.main.replace(/^ws/, "http")}/@connections/${encodeURIComponent(connectionId)}`;
      const { status } = await call(url, { method: "DELETE" });
      expect(status).toBe(403);
      expect((await client.ask("still here")).body).toBe("still here");
      client.socket.close();
    });

    test("a URL without the stage is 403 Forbidden", async () => {
      const { client, connectionId } = await connect();
      const result = await stage().manage({ method: "GET", connectionId, spelling: "without-stage" });
      client.socket.close();
      expect(result).toMatchObject({ status: 403, name: "ForbiddenException" });
      expect(JSON.parse(result.body)).toEqual({ message: "Forbidden" });
    });
  });
}
