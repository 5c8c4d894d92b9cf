import { expect, test } from "vitest";
import { collect, type DialOptions, type Event, nextMessage, serveApi } from "./serve-api.ts";

const ID = /^[\w-]{15}=$/;

/** CONNECT, MESSAGE and DISCONNECT event of one client. */
async function lifeOf(dialOptions: DialOptions = {}) {
  const events = collect<Event>();
  const handler = (event: Event) => {
    events.push(event);
    return { statusCode: 200, body: "done" };
  };
  const { open, port } = await serveApi({
    handlers: { $connect: handler, $default: handler, $disconnect: handler },
    twoWay: ["$default"],
  });
  const client = await open(dialOptions);
  client.send(" verbatim ☂ ");
  await nextMessage(client);
  client.close(4001, "bye");
  const [connect, message, disconnect] = (await events.reached(3)) as [Event, Event, Event];
  return { connect, message, disconnect, port };
}

test("every event has the same facts of the connection", async () => {
  const { connect, message, disconnect, port } = await lifeOf({ headers: { "User-Agent": "probe/1" } });
  for (const [eventType, routeKey, { requestContext, isBase64Encoded }] of [
    ["CONNECT", "$connect", connect],
    ["MESSAGE", "$default", message],
    ["DISCONNECT", "$disconnect", disconnect],
  ] as const) {
    expect(isBase64Encoded).toBe(false);
    expect(requestContext).toMatchObject({
      eventType,
      routeKey,
      messageDirection: "IN",
      connectionId: expect.stringMatching(ID),
      requestId: expect.stringMatching(ID),
      extendedRequestId: requestContext.requestId,
      connectedAt: connect.requestContext.connectedAt,
      domainName: `localhost:${port}`,
      stage: "ws",
      apiId: "a1b2c3d4e5",
      identity: { sourceIp: "127.0.0.1", userAgent: "probe/1" },
    });
    expect(requestContext.connectionId).toBe(connect.requestContext.connectionId);
    expect(requestContext.requestTime).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    expect(requestContext.requestTimeEpoch - requestContext.connectedAt).toBeGreaterThanOrEqual(0);
  }
  expect(connect.requestContext.requestTimeEpoch).toBe(connect.requestContext.connectedAt);
  const ids = [connect, message, disconnect].map(({ requestContext }) => requestContext.requestId);
  expect(new Set(ids).size).toBe(3);
});

test("what a client did not send, and what no authorizer said, is absent", async () => {
  const { connect, message, disconnect } = await lifeOf();
  for (const event of [connect, message, disconnect]) {
    expect(event.requestContext.identity).toEqual({ sourceIp: "127.0.0.1" });
    for (const absent of ["queryStringParameters", "multiValueQueryStringParameters", "stageVariables"]) {
      expect(event).not.toHaveProperty(absent);
    }
    expect(event.requestContext).not.toHaveProperty("authorizer");
  }
  expect(connect).not.toHaveProperty("body");
  expect(message).not.toHaveProperty("headers");
  expect(message).not.toHaveProperty("multiValueHeaders");
  expect(disconnect).not.toHaveProperty("body");
});

test("only a MESSAGE event has a messageId, and its body is the text as it was sent", async () => {
  const { connect, message, disconnect } = await lifeOf();
  expect(message.body).toBe(" verbatim ☂ ");
  expect(message.requestContext.messageId).toMatch(ID);
  expect(connect.requestContext).not.toHaveProperty("messageId");
  expect(disconnect.requestContext).not.toHaveProperty("messageId");
});

test("a CONNECT event has the headers of the wire, without the hop's, and those that the gateway adds", async () => {
  const { connect, port } = await lifeOf({
    headers: { "x-lower": "1", "X-Mixed-Case": "2", "X-Twice": ["a", "b"], "x-amzn-trace-id": "forged" },
  });
  expect(connect.headers).toEqual({
    Host: `127.0.0.1:${port}`,
    "Sec-WebSocket-Key": expect.any(String),
    "Sec-WebSocket-Version": "13",
    "x-lower": "1",
    "X-Mixed-Case": "2",
    "X-Twice": "b",
    "X-Amzn-Trace-Id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Port": String(port),
    "X-Forwarded-Proto": "http",
  });
  expect(connect.multiValueHeaders).toMatchObject({ "x-lower": ["1"], "X-Twice": ["a", "b"] });
});

test("the client's address is added to an X-Forwarded-For that it sent", async () => {
  const { connect } = await lifeOf({ headers: { "X-Forwarded-For": "203.0.113.7" } });
  expect(connect.headers?.["X-Forwarded-For"]).toBe("203.0.113.7, 127.0.0.1");
  expect(connect.requestContext.identity).toEqual({ sourceIp: "127.0.0.1" });
});

test("a query is decoded; the last value of a name is the single one", async () => {
  const { connect } = await lifeOf({ path: "/ws?a=1&a=2&b=%C3%BC%20x&c=y?z" });
  expect(connect.queryStringParameters).toEqual({ a: "2", b: "ü x", c: "y?z" });
  expect(connect.multiValueQueryStringParameters).toEqual({ a: ["1", "2"], b: ["ü x"], c: ["y?z"] });
});

test("a DISCONNECT event has the gateway's four headers and none of the client's", async () => {
  const { disconnect, port } = await lifeOf({ headers: { "x-lower": "1" } });
  const host = `localhost:${port}`;
  expect(disconnect.headers).toEqual({ Host: host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" });
  expect(disconnect.multiValueHeaders).toEqual({
    Host: [host],
    "x-api-key": [""],
    "X-Forwarded-For": [""],
    "x-restapi": [""],
  });
});
