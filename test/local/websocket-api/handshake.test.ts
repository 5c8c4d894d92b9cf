import { once } from "node:events";
import { expect, test } from "vitest";
import { collect, type Event, gate, nextMessage, OK, Outcome, serveApi } from "./serve-api.ts";

test("the 101 is held until $connect has answered", async () => {
  const connecting = gate();
  const answer = gate();
  const { dial, api } = await serveApi({
    handlers: {
      $connect: async () => {
        connecting.open();
        await answer.opened;
        return OK;
      },
    },
  });
  const client = dial();
  await connecting.opened;
  expect(client.readyState).toBe(client.CONNECTING);
  expect(api.connectionCount()).toBe(0);
  answer.open();
  await once(client, "open");
  expect(api.connectionCount()).toBe(1);
});

test("without a $connect route the connection opens", async () => {
  const { open } = await serveApi({ handlers: {} });
  await open({ path: "/ws?a=b" });
});

test.each([302, 400, 401, 403, 500, 501])(
  "status %i of $connect is the status of the handshake",
  async (statusCode) => {
    const { refused } = await serveApi({ handlers: { $connect: () => ({ statusCode }) } });
    const refusal = await refused();
    expect(refusal.statusCode).toBe(statusCode);
  },
);

test("a refused handshake has a JSON body that names connection and request", async () => {
  const events = collect<Event>();
  const { refused } = await serveApi({
    handlers: {
      $connect: (event) => {
        events.push(event);
        return { statusCode: 401 };
      },
    },
  });
  const { headers, body } = await refused();
  const { connectionId, requestId } = events.items[0]?.requestContext ?? {};
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body)).toEqual({ message: "Unauthorized", connectionId, requestId });
});

test.each<[string, () => unknown, number]>([
  [
    "that throws",
    () => {
      throw new Error("broken");
    },
    502,
  ],
  [
    "that times out",
    () => {
      throw new Outcome({ outcome: "timed-out" });
    },
    502,
  ],
  [
    "that is throttled",
    () => {
      throw new Outcome({ outcome: "throttled" });
    },
    500,
  ],
  ["without a result", () => undefined, 502],
  ["without a status code", () => ({ body: "hello" }), 502],
  ["with a status code in words", () => ({ statusCode: "200" }), 502],
  ["with an unknown key", () => ({ statusCode: 200, ConnectionId: "x" }), 502],
  ["with a line break in the subprotocol", () => withSubprotocol("chat\r\nSet-Cookie: a=b"), 502],
])("a $connect %s refuses the handshake", async (_, handler, statusCode) => {
  const { refused, log } = await serveApi({ handlers: { $connect: handler } });
  expect((await refused()).statusCode).toBe(statusCode);
  expect(log).toHaveLength(1);
});

test("a $connect slower than the integration's timeout refuses the handshake with 504", async () => {
  const { refused } = await serveApi({ handlers: { $connect: () => gate().opened }, integrationTimeoutMs: 50 });
  expect((await refused()).statusCode).toBe(504);
});

const withSubprotocol = (value: string, name = "Sec-WebSocket-Protocol") => ({
  statusCode: 200,
  headers: { [name]: value },
});

test.each(["Sec-WebSocket-Protocol", "sec-websocket-protocol"])(
  "the subprotocol is the one that $connect answers in %s",
  async (name) => {
    const { open } = await serveApi({ handlers: { $connect: () => withSubprotocol("second", name) } });
    const client = await open({ protocols: ["first", "second"] });
    expect(client.protocol).toBe("second");
  },
);

test("the subprotocol may come as a multi-value header", async () => {
  const multiValueHeaders = { "sec-websocket-protocol": ["chat"] };
  const { open } = await serveApi({ handlers: { $connect: () => ({ statusCode: 200, multiValueHeaders }) } });
  expect((await open({ protocols: ["chat"] })).protocol).toBe("chat");
});

test("no subprotocol is chosen for a $connect that answers none, so the client gives up", async () => {
  const { dial } = await serveApi({ handlers: { $connect: () => OK } });
  const [error] = await once(dial({ protocols: ["first"] }), "error");
  expect(error.message).toBe("Server sent no subprotocol");
});

test("a subprotocol that was not offered is sent all the same, so the client gives up", async () => {
  const { dial } = await serveApi({ handlers: { $connect: () => withSubprotocol("other") } });
  const [error] = await once(dial({ protocols: ["first"] }), "error");
  expect(error.message).toBe("Server sent an invalid subprotocol");
});

test("permessage-deflate is not negotiated", async () => {
  const { open } = await serveApi({ handlers: {} });
  expect((await open({ perMessageDeflate: true })).extensions).toBe("");
});

test("a malformed handshake is refused before any function is called", async () => {
  const events = collect<Event>();
  const { rawDial } = await serveApi({ handlers: { $connect: (event) => events.push(event) } });
  const [response] = await once(rawDial({ key: "short" }), "data");
  expect(String(response)).toMatch(/^HTTP\/1.1 400 /);
  expect(events.items).toEqual([]);
});

test("a URL of 4096 characters is taken, a longer one is not", async () => {
  const { open, refused } = await serveApi({ handlers: {} });
  const path = "/ws?".padEnd(4096, "x");
  await open({ path });
  expect((await refused({ path: `${path}x` })).statusCode).toBe(414);
});

test.each(["end", "resetAndDestroy"] as const)(
  "a client that leaves while $connect runs (%s) is not connected and not disconnected",
  async (leave) => {
    const connecting = gate();
    const answer = gate();
    const disconnects = collect<Event>();
    const { rawDial, open, api, accepted } = await serveApi({
      handlers: {
        $connect: async ({ headers }) => {
          if (headers?.["x-leaves"] === undefined) return OK;
          connecting.open();
          await answer.opened;
          return OK;
        },
        $disconnect: (event) => disconnects.push(event),
      },
    });
    const socket = rawDial({ headers: ["x-leaves: yes"] });
    await connecting.opened;
    const left = new Promise<void>((resolve) => accepted[0]?.on(leave === "end" ? "end" : "close", () => resolve()));
    socket[leave]();
    await left;
    answer.open();
    // A whole connection later, the one that left would have shown.
    const other = await open();
    expect(api.connectionCount()).toBe(1);
    other.close();
    const [event] = await disconnects.reached(1);
    expect(event?.requestContext.disconnectStatusCode).toBe(1005);
    expect(disconnects.items).toHaveLength(1);
  },
);

test("what a client sends ahead of the 101 is a message", async () => {
  const messages = collect<Event>();
  const { rawDial } = await serveApi({ handlers: { $default: (event) => messages.push(event) } });
  const maskedHi = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  rawDial().write(maskedHi);
  const [event] = await messages.reached(1);
  expect(event?.body).toBe("hi");
});

test("the body of $connect is the first frame only if the route has a route response", async () => {
  const handlers = {
    $connect: () => ({ statusCode: 200, body: "welcome" }),
    $default: () => ({ statusCode: 200, body: "reply" }),
  };
  const greeting = await serveApi({ handlers, twoWay: ["$connect", "$default"] });
  expect(await nextMessage(greeting.dial())).toBe("welcome");
  const silent = await serveApi({ handlers, twoWay: ["$default"] });
  const client = silent.dial();
  client.on("open", () => client.send("anything"));
  expect(await nextMessage(client)).toBe("reply");
});

test("a plain request is told to upgrade", async () => {
  const { endpoint } = await serveApi({ handlers: {} });
  const response = await fetch(endpoint);
  expect(response.status).toBe(426);
  expect(response.headers.get("upgrade")).toBe("websocket");
});

test("a model that is not understood is refused by name", async () => {
  const authorizer = { handler: () => {}, identitySources: ["context.identity.sourceIp"] };
  await expect(serveApi({ handlers: {}, authorizer })).rejects.toThrow("it is context.identity.sourceIp");
});
