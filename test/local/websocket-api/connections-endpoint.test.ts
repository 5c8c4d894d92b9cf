import { once } from "node:events";
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { expect, test } from "vitest";
import { FrameMeter } from "../../../local/websocket-api/frame-meter.ts";
import { closed, collect, type Event, gate, nextMessage, OK, serveApi } from "./serve-api.ts";

/** An API and the AWS SDK's client for it; `connect` resolves with a WebSocket client and its connectionId. */
async function serveWithSdk() {
  const connectionIds = collect<string>();
  const endings = collect<Event>();
  const served = await serveApi({
    handlers: {
      $connect: ({ requestContext }) => {
        connectionIds.push(requestContext.connectionId);
        return OK;
      },
      $disconnect: (event) => endings.push(event),
    },
  });
  const sdk = new ApiGatewayManagementApiClient({
    endpoint: served.endpoint,
    region: "eu-north-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  return {
    ...served,
    endings,
    connectionIds,
    async connect(options?: Parameters<typeof served.open>[0]) {
      const client = await served.open(options);
      return { client, ConnectionId: connectionIds.items.at(-1) ?? "" };
    },
    post: (ConnectionId: string, Data: string | Uint8Array) =>
      sdk.send(new PostToConnectionCommand({ ConnectionId, Data })),
    get: (ConnectionId: string) => sdk.send(new GetConnectionCommand({ ConnectionId })),
    delete: (ConnectionId: string) => sdk.send(new DeleteConnectionCommand({ ConnectionId })),
    fetchSigned: (path: string, init: RequestInit = {}) =>
      fetch(`${served.endpoint}/${path}`, { ...init, headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" } }),
  };
}

const UNKNOWN_ID = "-_A0123456789bc=";

test("POST delivers a text frame", async () => {
  const { connect, post } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  const message = once(client, "message");
  const { $metadata } = await post(ConnectionId, "grüße");
  expect($metadata.httpStatusCode).toBe(200);
  const [data, isBinary] = await message;
  expect(String(data)).toBe("grüße");
  expect(isBinary).toBe(false);
});

test("ids with - and _ are found", async () => {
  const { connect, post } = await serveWithSdk();
  const wanted = new Set(["-", "_"]);
  // 15 of 64 characters: half of all ids have either, so that 200 connections without one are out of the question.
  for (let attempt = 0; attempt < 200 && wanted.size > 0; attempt += 1) {
    const { client, ConnectionId } = await connect();
    if ([...wanted].some((character) => ConnectionId.includes(character))) {
      const message = nextMessage(client);
      await post(ConnectionId, "found");
      expect(await message).toBe("found");
      for (const character of ConnectionId) wanted.delete(character);
    }
    client.terminate();
  }
  expect(wanted.size).toBe(0);
});

test("POSTs that wait for each other arrive in order", async () => {
  const { connect, post } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  const received = collect<string>();
  client.on("message", (data) => received.push(String(data)));
  for (const text of ["1", "2", "3"]) await post(ConnectionId, text);
  expect(await received.reached(3)).toEqual(["1", "2", "3"]);
});

test("bytes that are not UTF-8 arrive as replacement characters and do not break the connection", async () => {
  const { connect, post } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  const message = nextMessage(client);
  await post(ConnectionId, Uint8Array.of(0x61, 0xff));
  expect(await message).toBe("a\ufffd");
});

test("a message of 128 KB is delivered; a longer one is refused", async () => {
  const { connect, post } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  const message = nextMessage(client);
  const longest = "ü".repeat(65_536);
  await post(ConnectionId, longest);
  expect(await message).toBe(longest);
  await expect(post(ConnectionId, `${longest}x`)).rejects.toMatchObject({
    name: "PayloadTooLargeException",
    $metadata: { httpStatusCode: 413 },
  });
  expect(client.readyState).toBe(client.OPEN);
});

test("a long message leaves in frames of at most 32 KB", async () => {
  const { rawDial, connectionIds, post } = await serveWithSdk();
  const socket = rawDial();
  await once(socket, "data");
  const meter = new FrameMeter();
  const whole = gate();
  socket.on("data", (chunk: Buffer) => {
    meter.read(chunk);
    if (meter.exceeded || meter.messages === 1) whole.open();
  });
  await post(connectionIds.items[0] ?? "", "x".repeat(70_000));
  await whole.opened;
  expect(meter.exceeded).toBe(false);
});

test("a client that does not read is ended before it fills the memory", async () => {
  const { rawDial, connectionIds, post, endings, accepted } = await serveWithSdk();
  const socket = rawDial();
  await once(socket, "data");
  socket.pause();
  const message = "x".repeat(131_072);
  let mostWaiting = 0;
  const flood = async () => {
    for (let count = 0; count < 200; count += 1) {
      await post(connectionIds.items[0] ?? "", message);
      mostWaiting = Math.max(mostWaiting, accepted[0]?.writableLength ?? 0);
    }
  };
  await expect(flood()).rejects.toMatchObject({ name: "GoneException" });
  expect(mostWaiting).toBeGreaterThan(500_000);
  expect(mostWaiting).toBeLessThan(1_100_000);
  const [event] = await endings.reached(1);
  expect(event?.requestContext.disconnectStatusCode).toBe(1006);
});

test("GET tells times and identity", async () => {
  const { connect, get, post } = await serveWithSdk();
  const { ConnectionId } = await connect({ headers: { "User-Agent": "probe/1" } });
  const fresh = await get(ConnectionId);
  expect(fresh.Identity).toEqual({ SourceIp: "127.0.0.1", UserAgent: "probe/1" });
  expect(fresh.ConnectedAt?.getTime()).toBeGreaterThan(Date.now() - 10_000);
  expect(fresh.LastActiveAt).toEqual(fresh.ConnectedAt);
  await post(ConnectionId, "activity");
  const active = await get(ConnectionId);
  expect(active.ConnectedAt).toEqual(fresh.ConnectedAt);
  expect(Number(active.LastActiveAt)).toBeGreaterThan(Number(fresh.LastActiveAt));
});

test("DELETE closes with 1000, and $disconnect is told", async () => {
  const { connect, delete: remove, endings } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  const closing = closed(client);
  expect((await remove(ConnectionId)).$metadata.httpStatusCode).toBe(204);
  expect((await closing).code).toBe(1000);
  const [event] = await endings.reached(1);
  expect(event?.requestContext).toMatchObject({
    connectionId: ConnectionId,
    disconnectStatusCode: 1000,
    disconnectReason: "Connection Closed Normally",
  });
});

test("a connection that is gone, or never was, is GoneException", async () => {
  const { connect, post, get, delete: remove, endings } = await serveWithSdk();
  const { client, ConnectionId } = await connect();
  client.close();
  await endings.reached(1);
  const gone = { name: "GoneException", $metadata: { httpStatusCode: 410 } };
  await expect(post(ConnectionId, "late")).rejects.toMatchObject(gone);
  await expect(get(ConnectionId)).rejects.toMatchObject(gone);
  await expect(remove(ConnectionId)).rejects.toMatchObject(gone);
  await expect(post(UNKNOWN_ID, "nobody")).rejects.toMatchObject(gone);
});

test("a connection is gone from its DELETE on, even if its client never answers the close frame", async () => {
  const { rawDial, connectionIds, get, delete: remove, api } = await serveWithSdk();
  await once(rawDial(), "data");
  const ConnectionId = connectionIds.items[0] ?? "";
  await remove(ConnectionId);
  expect(api.connectionCount()).toBe(1);
  await expect(get(ConnectionId)).rejects.toMatchObject({ name: "GoneException" });
  await expect(remove(ConnectionId)).rejects.toMatchObject({ name: "GoneException" });
});

test("410 has an empty body and names the exception in a header", async () => {
  const { fetchSigned } = await serveWithSdk();
  const response = await fetchSigned(`@connections/${encodeURIComponent(UNKNOWN_ID)}`);
  expect(response.status).toBe(410);
  expect(response.headers.get("x-amzn-ErrorType")).toBe("GoneException");
  expect(await response.text()).toBe("");
});

test("a connection that is still opening is gone", async () => {
  const connecting = gate<string>();
  const answer = gate();
  const { dial, endpoint } = await serveApi({
    handlers: {
      $connect: async ({ requestContext }) => {
        connecting.open(requestContext.connectionId);
        await answer.opened;
        return OK;
      },
    },
  });
  const client = dial();
  const url = `${endpoint}/@connections/${encodeURIComponent(await connecting.opened)}`;
  const get = () => fetch(url, { headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" } });
  expect((await get()).status).toBe(410);
  answer.open();
  await once(client, "open");
  expect((await get()).status).toBe(200);
});

test.each(["@connections", "%40connections"])("the path may be written %s", async (segment) => {
  const { connect, fetchSigned } = await serveWithSdk();
  const { ConnectionId } = await connect();
  expect((await fetchSigned(`${segment}/${ConnectionId.replace("=", "%3d")}`)).status).toBe(200);
});

test.each(["short=", "TWegAcC4EowCHnA", "TWegAcC4EowCHn!=", "%E0%A4%A"])("the id %s is malformed", async (id) => {
  const { fetchSigned } = await serveWithSdk();
  const response = await fetchSigned(`@connections/${id}`);
  expect(response.status).toBe(400);
  expect(response.headers.get("x-amzn-ErrorType")).toBe("BadRequestException");
  expect(await response.json()).toEqual({ message: `Invalid connectionId: ${id}` });
});

test("a request without a signature is forbidden", async () => {
  const { connect, endpoint } = await serveWithSdk();
  const { ConnectionId } = await connect();
  const response = await fetch(`${endpoint}/@connections/${ConnectionId}`);
  expect(response.status).toBe(403);
  expect(response.headers.get("x-amzn-ErrorType")).toBe("ForbiddenException");
  expect(await response.json()).toEqual({ message: "Missing Authentication Token" });
});

test.each(["PUT", "PATCH", "OPTIONS"])("%s is forbidden", async (method) => {
  const { connect, fetchSigned } = await serveWithSdk();
  const { ConnectionId } = await connect();
  expect((await fetchSigned(`@connections/${ConnectionId}`, { method })).status).toBe(403);
});
