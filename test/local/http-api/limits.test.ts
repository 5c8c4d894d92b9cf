import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EVENT_BYTES_MAX } from "../../../local/http-api/event.ts";
import { HEADER_BYTES_MAX } from "../../../local/http-api/http-api.ts";
import { BODY_BYTES_MAX } from "../../../local/http-api/request-body.ts";
import { RESULT_BYTES_MAX } from "../../../local/http-api/response.ts";
import { returning, sendRaw, serve } from "./serve.ts";

const TOO_LARGE = /^HTTP\/1\.1 413 .*connection: close.*\{"message":"Request Entity Too Large"\}$/s;

function open(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

test("a body that announces more than 10 MB is 413 before it is sent", async () => {
  const api = await serve();
  const socket = open(api.port);
  socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_BYTES_MAX + 1}\r\n\r\n`);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
  expect(String(answer)).toMatch(/apigw-requestid: /);
  await once(socket, "close");
  expect(api.events).toEqual([]);
});

test.each([
  ["announced", `content-length: ${2 * BODY_BYTES_MAX}`, "", ""],
  ["chunked", "transfer-encoding: chunked", `${(2 * BODY_BYTES_MAX).toString(16)}\r\n`, "\r\n0\r\n\r\n"],
])(
  "a client that goes on sending its %s body reads its 413 and is closed without a reset",
  async (_, header, before, after) => {
    const api = await serve();
    const socket = open(api.port);
    const closed = once(socket, "close");
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n${before}`);
    socket.write(Buffer.alloc(BODY_BYTES_MAX + 1));
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(TOO_LARGE);
    socket.write(Buffer.alloc(BODY_BYTES_MAX - 1));
    socket.write(after);
    expect(await closed).toEqual([false]);
    await Promise.all(api.handled);
    expect(api.events).toEqual([]);
  },
);

test("a body of 10 MB is read, though its event is too long for Lambda", async () => {
  const api = await serve();
  await fetch(api.origin, { method: "POST", body: Buffer.alloc(BODY_BYTES_MAX) });
  await fetch(api.origin, { method: "POST", body: Buffer.alloc(BODY_BYTES_MAX + 1) });
  expect(api.logged).toEqual([
    expect.stringContaining("413, the event is longer than 6291456 bytes"),
    expect.stringContaining("413, the body is longer than 10485760 bytes"),
  ]);
});

test("an event of 6 MB reaches the function, one byte more is 413, and the connection stays", async () => {
  const api = await serve();
  const post = (length: number) =>
    fetch(api.origin, { method: "POST", headers: { "content-type": "text/plain" }, body: "x".repeat(length) });
  // A body of as many digits as the limit, so that only the body makes the difference in length.
  const first = EVENT_BYTES_MAX - 10_000;
  await post(first);
  const fits = first + EVENT_BYTES_MAX - Buffer.byteLength(JSON.stringify(api.events[0]));
  expect((await post(fits)).status).toBe(200);
  expect(Buffer.byteLength(JSON.stringify(api.events[1]))).toBe(EVENT_BYTES_MAX);
  const response = await post(fits + 1);
  expect(response.status).toBe(413);
  expect(await response.text()).toBe('{"message":"Request Entity Too Large"}');
  expect(api.events).toHaveLength(2);
});

test("a result of more than 6 MB is 500", async () => {
  let length = RESULT_BYTES_MAX - 2;
  const api = await serve({ invoke: async () => returning("x".repeat(length)) });
  expect(await (await fetch(api.origin)).text()).toHaveLength(length);
  length += 1;
  expect((await fetch(api.origin)).status).toBe(500);
});

test("more than 10,240 bytes of request line and headers are 431", async () => {
  const api = await serve();
  const answer = async (length: number) =>
    sendRaw(api.port, `GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: ${"a".repeat(length)}\r\n\r\n`);
  expect(await answer(HEADER_BYTES_MAX)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await answer(HEADER_BYTES_MAX - 100)).toMatch(/^HTTP\/1\.1 200 /);
});

test("a client that leaves in the middle of its body invokes nothing", async () => {
  const api = await serve();
  const socket = open(api.port);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
  await expect.poll(() => api.handled).toHaveLength(1);
  socket.destroy();
  await Promise.all(api.handled);
  expect(api.events).toEqual([]);
  expect(api.logged).toEqual([]);
});

test("a client that leaves before the answer does no harm", async () => {
  const gate = new EventEmitter();
  const api = await serve({
    invoke: async () => {
      await once(gate, "open");
      return returning({ statusCode: 200, body: "x".repeat(1_000_000) });
    },
  });
  const socket = open(api.port);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await expect.poll(() => api.events).toHaveLength(1);
  socket.resetAndDestroy();
  await expect.poll(() => api.connections()).toBe(0);
  gate.emit("open");
  await Promise.all(api.handled);
  expect(api.logged).toEqual([]);
});

test("a client that leaves in the middle of the answer does no harm", async () => {
  const api = await serve({ invoke: async () => returning({ statusCode: 200, body: "x".repeat(5_000_000) }) });
  const socket = open(api.port);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket, "data");
  socket.resetAndDestroy();
  await Promise.all(api.handled);
  expect((await fetch(api.origin)).status).toBe(200);
  expect(api.logged).toEqual([]);
});

test("a 401 to a request with a body leaves the connection usable", async () => {
  const authorizer = { issuer: "https://issuer.invalid", audience: [], identitySources: ["$request.header.X"] };
  const api = await serve({ routes: [{ routeKey: "POST /", authorizer }, "GET /"] });
  const first = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";
  const answers = await sendRaw(api.port, first, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 401", "HTTP/1.1 200"]);
});
