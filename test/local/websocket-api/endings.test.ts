import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { closed, collect, type Event, gate, nextMessage, OK, type Options, serveApi } from "./serve-api.ts";

/** An API whose `$disconnect` events can be awaited as `[code, reason]`. */
async function serveWithEndings(options: Partial<Options> = {}) {
  const endings = collect<[unknown, unknown]>();
  const messages = collect<Event>();
  const served = await serveApi({
    ...options,
    handlers: {
      $default: (event) => {
        messages.push(event);
        return { statusCode: 200, body: "done" };
      },
      $disconnect: ({ requestContext }) => {
        endings.push([requestContext.disconnectStatusCode, requestContext.disconnectReason]);
      },
      ...options.handlers,
    },
    twoWay: ["$default"],
  });
  return { ...served, messages, nextEnding: async () => (await endings.reached(1))[0], endings };
}

test("a client that closes without a code: 1005", async () => {
  const { open, nextEnding } = await serveWithEndings();
  (await open()).close();
  expect(await nextEnding()).toEqual([1005, "Client-side close frame status not set"]);
});

test("a client that closes with a code and a reason: its own", async () => {
  const { open, nextEnding } = await serveWithEndings();
  (await open()).close(4321, "tab closed");
  expect(await nextEnding()).toEqual([4321, "tab closed"]);
});

test("a client that closes with a code alone: an empty reason", async () => {
  const { open, nextEnding } = await serveWithEndings();
  (await open()).close(1001);
  expect(await nextEnding()).toEqual([1001, ""]);
});

test("a client whose TCP connection breaks: 1006", async () => {
  const { open, nextEnding, api } = await serveWithEndings();
  (await open()).terminate();
  expect(await nextEnding()).toEqual([1006, "Connection Closed Abnormally"]);
  expect(api.connectionCount()).toBe(0);
});

test("a connection without messages in either direction is closed with 1001", async () => {
  const { open, nextEnding } = await serveWithEndings({ idleTimeoutMs: 50 });
  const client = await open();
  expect(await closed(client)).toEqual({ code: 1001, reason: "Going away" });
  expect(await nextEnding()).toEqual([1001, "Going away"]);
});

test.each(["from", "to"])(
  "messages %s the client keep a connection open, beyond the idle limit but not beyond its life",
  async (direction) => {
    const connected = gate<string>();
    const { open, nextEnding, endpoint } = await serveWithEndings({
      idleTimeoutMs: 1_500,
      lifeMaxMs: 3_500,
      handlers: {
        $connect: ({ requestContext }) => {
          connected.open(requestContext.connectionId);
          return OK;
        },
        oneWay: () => OK,
      },
    });
    const client = await open();
    const openedAtMs = Date.now();
    const end = closed(client);
    const url = `${endpoint}/@connections/${encodeURIComponent(await connected.opened)}`;
    while (client.readyState === client.OPEN) {
      if (direction === "from") client.send('{"action":"oneWay"}');
      else await fetch(url, { method: "POST", headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" }, body: "x" });
      await setTimeout(50);
    }
    expect(await end).toEqual({ code: 1001, reason: "Going away" });
    expect(Date.now() - openedAtMs).toBeGreaterThan(3_000);
    expect(await nextEnding()).toEqual([1001, "Going away"]);
  },
);

test("a ping is answered but does not keep a connection open", async () => {
  const { open } = await serveWithEndings({ idleTimeoutMs: 300 });
  const client = await open();
  let pongs = 0;
  client.on("pong", async (data) => {
    expect(String(data)).toBe("beat");
    pongs += 1;
    await setTimeout(20);
    if (client.readyState === client.OPEN) client.ping("beat");
  });
  client.ping("beat");
  expect((await closed(client)).code).toBe(1001);
  expect(pongs).toBeGreaterThan(3);
});

test("the gateway sends no pings", async () => {
  const { open } = await serveWithEndings({ idleTimeoutMs: 300 });
  const client = await open();
  let pings = 0;
  client.on("ping", () => {
    pings += 1;
  });
  await closed(client);
  expect(pings).toBe(0);
});

test("a binary frame closes with 1003 and reaches no function", async () => {
  const { open, nextEnding, messages } = await serveWithEndings();
  const client = await open();
  client.send("before");
  client.send(Buffer.from("binary"));
  client.send("after");
  expect((await closed(client)).code).toBe(1003);
  expect((await nextEnding())?.[0]).toBe(1003);
  expect(messages.items.map(({ body }) => body)).toEqual(["before"]);
});

test("a frame of 32 KB is delivered", async () => {
  const { open, messages } = await serveWithEndings();
  const client = await open();
  client.send("x".repeat(32_768));
  await nextMessage(client);
  expect(messages.items[0]?.body).toHaveLength(32_768);
});

test("a longer frame closes with 1009; what came before it in the same bytes is delivered, what follows is not", async () => {
  const { open, nextEnding, messages } = await serveWithEndings();
  const client = await open();
  client.send("before");
  client.send("x".repeat(32_769));
  client.send("after");
  expect((await closed(client)).code).toBe(1009);
  expect((await nextEnding())?.[0]).toBe(1009);
  expect(messages.items.map(({ body }) => body)).toEqual(["before"]);
});

test("a frame that is too long closes with 1009 before its payload has come", async () => {
  const { rawDial, nextEnding } = await serveWithEndings();
  const socket = rawDial();
  await once(socket, "data");
  const header = Buffer.from([0x81, 0xfe, 0x80, 0x01, 0, 0, 0, 0]);
  socket.write(header);
  const [frame] = await once(socket, "data");
  expect(frame.readUInt16BE(2)).toBe(1009);
  socket.destroy();
  expect((await nextEnding())?.[0]).toBe(1009);
});

test("two fragments of 20 KB are one message", async () => {
  const { open, messages } = await serveWithEndings();
  const client = await open();
  client.send("a".repeat(20_480), { fin: false });
  client.send("b".repeat(20_480), { fin: true });
  await nextMessage(client);
  expect(messages.items[0]?.body).toBe("a".repeat(20_480) + "b".repeat(20_480));
});

test("a message of 128 KB is delivered; one byte more closes with 1009", async () => {
  const { open, messages, nextEnding } = await serveWithEndings();
  const client = await open();
  const send = (lengths: number[]) => {
    for (const [index, length] of lengths.entries())
      client.send("x".repeat(length), { fin: index === lengths.length - 1 });
  };
  send([32_768, 32_768, 32_768, 32_768]);
  await nextMessage(client);
  expect(messages.items[0]?.body).toHaveLength(131_072);
  send([32_768, 32_768, 32_768, 32_768, 1]);
  expect((await closed(client)).code).toBe(1009);
  expect((await nextEnding())?.[0]).toBe(1009);
});

test("a refused handshake is not followed by $disconnect", async () => {
  const { open, refused, endings } = await serveWithEndings({
    handlers: { $connect: ({ headers }) => ({ statusCode: headers?.["x-refuse"] ? 403 : 200 }) },
  });
  await refused({ headers: { "x-refuse": "1" } });
  (await open()).close(4000);
  await endings.reached(1);
  expect(endings.items).toEqual([[4000, ""]]);
});

test("$disconnect may fail", async () => {
  const failed = gate();
  const { open, api } = await serveWithEndings({
    handlers: {
      $disconnect: () => {
        failed.open();
        throw new Error("broken");
      },
    },
  });
  (await open()).close();
  await failed.opened;
  await open();
  expect(api.connectionCount()).toBe(1);
});

test("closing the API closes every connection with 1001 and waits for $disconnect", async () => {
  let finished = 0;
  const { open, api } = await serveWithEndings({
    handlers: {
      $disconnect: async ({ requestContext }) => {
        await setTimeout(50);
        if (requestContext.disconnectStatusCode === 1001) finished += 1;
      },
    },
  });
  const closings = [closed(await open()), closed(await open())];
  await api.close();
  expect(finished).toBe(2);
  for (const { code } of await Promise.all(closings)) expect(code).toBe(1001);
  expect(api.connectionCount()).toBe(0);
});

test("closing the API ends handshakes that are held and refuses new ones", async () => {
  const connecting = gate();
  const { dial, refused, api } = await serveWithEndings({
    handlers: {
      $connect: () => {
        connecting.open();
        return gate().opened;
      },
    },
  });
  const client = dial();
  await connecting.opened;
  const [[error]] = await Promise.all([once(client, "error"), api.close()]);
  expect(error.message).toBe("socket hang up");
  expect((await refused()).statusCode).toBe(503);
});

test("closing the API does not wait for a client that answers no close frame", async () => {
  const { rawDial, api, endings } = await serveWithEndings({ handlers: { $connect: () => OK } });
  const socket = rawDial();
  await once(socket, "data");
  await api.close();
  expect(endings.items).toEqual([[1001, "Going away"]]);
});
