import { once } from "node:events";
import { expect, test } from "vitest";
import { createRouter } from "../../../local/websocket-api/router.ts";
import { collect, type Event, gate, type Handler, nextMessage, OK, Outcome, serveApi } from "./serve-api.ts";

const echoRoute: Handler = ({ requestContext }) => ({ statusCode: 200, body: requestContext.routeKey });

test.each<[string, string]>([
  ['{"action":"sync"}', "sync"],
  ['{"action":7}', "7"],
  ['{"action":true}', "true"],
  ['{"action":"SYNC"}', "$default"],
  ['{"action":"$connect"}', "$default"],
  ['{"action":"$disconnect"}', "$default"],
  ['{"action":["sync"]}', "$default"],
  [`{"action":${"[".repeat(15_000)}${"]".repeat(15_000)}}`, "$default"],
  ['{"other":"sync"}', "$default"],
  ['["action"]', "$default"],
  ["null", "$default"],
  ['{"action":null}', "$default"],
  ["not JSON", "$default"],
  ["", "$default"],
])("the message %.60s selects the route %s", async (message, routeKey) => {
  const keys = ["$connect", "$disconnect", "sync", "7", "true", "$default"];
  const { open } = await serveApi({
    handlers: Object.fromEntries(keys.map((key) => [key, echoRoute])),
    twoWay: keys.filter((key) => key !== "$connect"),
  });
  const client = await open();
  client.send(message);
  expect(await nextMessage(client)).toBe(routeKey);
});

test("a selection expression may reach into the body", () => {
  const route = { routeKey: "a", functionArn: "arn", timeoutMs: 1, twoWay: false };
  const model = { path: "Api", apiId: "x", stage: "ws", routes: [route] };
  const select = createRouter({ ...model, routeSelectionExpression: "$request.body.meta.kind" });
  expect(select('{"meta":{"kind":"a"}}')).toBe(route);
  expect(select('{"meta":"a","kind":"a"}')).toBeUndefined();
  expect(() => createRouter({ ...model, routeSelectionExpression: "$request.header.x" })).toThrow(
    "it is $request.header.x",
  );
});

test("without a route and without $default the answer is Forbidden and the connection stays open", async () => {
  const { open } = await serveApi({ handlers: { sync: echoRoute }, twoWay: ["sync"] });
  const client = await open();
  client.send('{"action":"other"}');
  const text = await nextMessage(client);
  expect(JSON.parse(text)).toEqual({
    message: "Forbidden",
    connectionId: expect.stringMatching(/^[\w-]{15}=$/),
    requestId: expect.stringMatching(/^[\w-]{15}=$/),
  });
  expect(text).toMatch(/^\{"message": "Forbidden", "connectionId":"/);
  client.send('{"action":"sync"}');
  expect(await nextMessage(client)).toBe("sync");
});

const fails = (error: Error): Handler => {
  return () => {
    throw error;
  };
};

test.each<[string, Handler, string]>([
  ["throws", fails(new Error("broken")), "Internal server error"],
  ["times out", fails(new Outcome({ outcome: "timed-out" })), "Internal server error"],
  ["is throttled", fails(new Outcome({ outcome: "throttled" })), "Internal server error"],
  ["returns nothing", () => undefined, "Internal server error"],
  ["returns unknown keys", () => ({ statusCode: 200, ConnectionId: "x", Data: "y" }), "Internal server error"],
  ["returns a body that is no string", () => ({ statusCode: 200, body: { a: 1 } }), "Internal server error"],
  ["returns over 128 KB", () => ({ statusCode: 200, body: "x".repeat(131_073) }), "Internal server error"],
  ["is slower than its integration may be", () => gate().opened, "Endpoint request timed out"],
])("the message of a one-way route whose function %s is answered with an error frame", async (_, handler, message) => {
  const events = collect<Event>();
  const { open, log } = await serveApi({
    handlers: {
      $default: (event) => {
        events.push(event);
        return handler(event);
      },
    },
    integrationTimeoutMs: 200,
  });
  const client = await open();
  client.send("hello");
  const { connectionId, requestId } = (await events.reached(1))[0]?.requestContext ?? {};
  expect(JSON.parse(await nextMessage(client))).toEqual({ message, connectionId, requestId });
  expect(client.readyState).toBe(client.OPEN);
  expect(log).toHaveLength(1);
});

test("a two-way route sends the body as a text frame, whatever the status", async () => {
  const { open } = await serveApi({
    handlers: { $default: () => ({ statusCode: 404, body: "reply" }) },
    twoWay: ["$default"],
  });
  const client = await open();
  client.send("hello");
  const [data, isBinary] = await once(client, "message");
  expect(String(data)).toBe("reply");
  expect(isBinary).toBe(false);
});

test("a Base64 body is decoded", async () => {
  const body = Buffer.from("grüße").toString("base64");
  const { open } = await serveApi({
    handlers: { $default: () => ({ statusCode: 200, body, isBase64Encoded: true }) },
    twoWay: ["$default"],
  });
  const client = await open();
  client.send("hello");
  expect(await nextMessage(client)).toBe("grüße");
});

test("a one-way route sends nothing, and neither does a two-way route without a body", async () => {
  const { open } = await serveApi({
    handlers: { oneWay: () => ({ statusCode: 200, body: "no" }), empty: () => OK, $default: echoRoute },
    twoWay: ["empty", "$default"],
  });
  const client = await open();
  client.send('{"action":"oneWay"}');
  client.send('{"action":"empty"}');
  client.send("last");
  expect(await nextMessage(client)).toBe("$default");
});

test("the frames of a connection do not wait for each other", async () => {
  const first = gate();
  const { open } = await serveApi({
    handlers: {
      slow: async () => {
        await first.opened;
        return { statusCode: 200, body: "slow" };
      },
      $default: () => ({ statusCode: 200, body: "fast" }),
    },
    twoWay: ["slow", "$default"],
  });
  const client = await open();
  client.send('{"action":"slow"}');
  client.send("fast");
  expect(await nextMessage(client)).toBe("fast");
  first.open();
  expect(await nextMessage(client)).toBe("slow");
});

test("a client with too many frames in flight is read no further, and loses none of them", async () => {
  const release = gate();
  const events = collect<Event>();
  const { open, accepted } = await serveApi({
    handlers: {
      $default: async (event) => {
        events.push(event);
        await release.opened;
        return OK;
      },
    },
  });
  const client = await open();
  const frame = "x".repeat(32_768);
  for (let count = 0; count < 600; count += 1) client.send(frame);
  await events.reached(256);
  expect(accepted[0]?.isPaused()).toBe(true);
  expect(events.items.length).toBeLessThan(260);
  release.open();
  await events.reached(600);
});
