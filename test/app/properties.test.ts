import { once } from "node:events";
import { Agent, request } from "node:http";
import fc from "fast-check";
import { v7 } from "uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { REFUSALS, type RefusalCode } from "../../functions/protocol/errors.ts";
import { FRAME_BYTES_MAX, TEXT_CODE_POINTS_MAX } from "../../functions/protocol/limits.ts";
import { ROUTES } from "../../lib/http-api.ts";
import {
  BYSTANDERS,
  type HostileRequest,
  hostileFrame,
  hostileRequest,
  ODD_NAMES,
  typedText,
} from "./hostile-input.ts";
import { type Json, startSystem } from "./system.ts";

/** `FC_SEED=… npx vitest run test/app/properties.test.ts` runs it again with the same input. */
const seed = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`FC_SEED=${seed}\n`);

/** Requests, or frames, that are under way at once. */
const AT_ONCE = 4;
const RUNS_PER_ROUTE = 40;
const FRAME_RUNS = 80;
const TEXT_RUNS = 60;
const PROPERTY_TIMEOUT_MS = 120_000;

/** Stands in all that the bystanders wrote to each other. */
const SECRET = `secret-${v7()}`;
const [CAROL, DAVE] = BYSTANDERS;
const HOSTILE = ["mallory", "toString"];
const EXISTING = new Set(["eve", "oscar", ...HOSTILE, ...BYSTANDERS, ...ODD_NAMES]);

type System = Awaited<ReturnType<typeof startSystem>>;
type User = Awaited<ReturnType<System["user"]>>;
type Socket = Awaited<ReturnType<User["open"]>>;

let system: System;
const users = new Map<string, User>();
let carolsSocket: Socket;
let bystandersBefore: unknown;
const counts = { requests: 0, frames: 0, texts: 0 };
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  system = await startSystem({ dynamoDb: "java", limits: false });
  for (const username of EXISTING) {
    const user = await system.user(username);
    expect((await user.conversations()).status).toBe(200);
    const picture = Buffer.from("89504e470d0a1a0a00", "hex");
    const headers = { "content-type": "image/png" };
    if (!ODD_NAMES.includes(username))
      expect((await user.call("PUT", "/api/me/avatar", { body: picture, headers })).status).toBe(200);
    users.set(username, user);
  }
  const [carol, dave] = [user(CAROL), user(DAVE)];
  await carol.call("PUT", "/api/me", { body: JSON.stringify({ displayName: "Carol of the bystanders" }) });
  expect((await carol.send(DAVE, { text: `From carol: ${SECRET}` })).status).toBe(201);
  expect((await dave.send(CAROL, { text: `From dave: ${SECRET}` })).status).toBe(201);
  carolsSocket = await carol.open();
  bystandersBefore = await seenByBystanders();
});

afterAll(async () => {
  agent.destroy();
  await system?.close();
  process.stdout.write(`${JSON.stringify(counts)}\n`);
});

// Whatever was asked before, the system serves.
afterEach(async () => {
  expect((await user("eve").send("oscar", { text: "still there?" })).status).toBe(201);
});

describe("hostile requests", () => {
  test.each(ROUTES.map(([method, path]) => ({ method, path })))(
    "[E1] [E2] [E3] [L2] $method $path answers whatever it is asked, never with a fault or another's messages",
    async ({ method, path }) => {
      let served = 0;
      const asked = fc.record({ caller: fc.constantFrom(...HOSTILE), request: hostileRequest({ method, path }) });
      await check(RUNS_PER_ROUTE, fc.array(asked, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
        await Promise.all(
          batch.map(async ({ caller, request }) => {
            const answer = await call(caller, method, request);
            if (answer.status < 300) served++;
            expectProper(answer, caller);
          }),
        );
      });
      // Chance decides whether a route that names somebody ever names one who is there.
      if (!path.includes("{")) expect(served).toBeGreaterThan(0);
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("the answer to a path that no route has, or with a token that is none, is the gateway's own", async () => {
    for (const path of ["/api/nothing", "/api/users/%", "/api/users/%ff", "/api/conversations/a%2Fb/messages"])
      expectProper(await call("mallory", "GET", { path, headers: {}, body: Buffer.alloc(0) }), "mallory");
    const headers = { authorization: "Bearer \xff" };
    const refused = await call("mallory", "GET", { path: "/api/me", headers, body: Buffer.alloc(0) });
    expect([refused.status, JSON.parse(refused.text)]).toEqual([401, { message: "Unauthorized" }]);
  });
});

describe("hostile frames", () => {
  test(
    "[C5] [E1] [E3] [L2] each has one answer, but a `typing` that is passed on, and the socket stays open",
    async () => {
      const socket = await openFrames("oscar");
      const batches = fc.array(hostileFrame(FRAME_BYTES_MAX), { minLength: 1, maxLength: 2 * AT_ONCE });
      await check(FRAME_RUNS, batches, async (batch) => {
        counts.frames += batch.length;
        const answers = batch.filter((frame) => !isPassedOn(frame, "oscar")).length;
        for (const frame of batch) socket.send(frame);
        const received = await socket.take(answers);
        socket.send(JSON.stringify({ action: "sync" }));
        received.push(...(await socket.take(1)));
        for (const frame of received) expectProperFrame(frame, "oscar");
        expect(received.at(-1)).toMatchObject({ type: "synced" });
      });
      await socket.close();
    },
    PROPERTY_TIMEOUT_MS,
  );

  test("a frame of one byte too many closes its own socket alone", async () => {
    const [tooLong, other] = await Promise.all([openFrames("oscar"), openFrames("oscar")]);
    tooLong.send("x".repeat(FRAME_BYTES_MAX + 1));
    expect(await tooLong.closed).toBe(1009);
    other.send("x".repeat(FRAME_BYTES_MAX));
    expect(await other.take(1)).toMatchObject([{ type: "error", code: "unknown_action" }]);
    await other.close();
  });
});

describe("texts", () => {
  test(
    "[R1] [E4] [E6] a text that is taken is the same in the answer, in the frame, in the list and in the repeat",
    async () => {
      const [sender, recipient] = [user("o.brien@x.cn"), user("张三")];
      const socket = await recipient.open();
      await check(TEXT_RUNS, fc.array(typedText, { minLength: 1, maxLength: AT_ONCE }), async (batch) => {
        await Promise.all(
          batch.map(async (typed) => {
            const body = { text: typed, id: v7() };
            const sent = await sender.send(recipient.username, body);
            if (sent.status !== 201) return expectProblem(sent.status, sent.body);
            counts.texts++;
            const { message } = sent.body;
            expect(message.text.isWellFormed()).toBe(true);
            expect(message.text.trim()).not.toBe("");
            expect([...message.text].length).toBeLessThanOrEqual(TEXT_CODE_POINTS_MAX);
            const pushed = await socket.frame(({ id }) => id === message.id);
            expect(pushed.text).toBe(message.text);
            const { body: page } = await recipient.messages(sender.username, `?limit=1&after=${message.seq - 1}`);
            expect(page.messages).toEqual([message]);
            const repeat = await sender.send(recipient.username, body);
            expect([repeat.status, repeat.body.message]).toEqual([200, message]);
          }),
        );
      });
      expect(counts.texts).toBeGreaterThan(TEXT_RUNS);
      await socket.close();
    },
    PROPERTY_TIMEOUT_MS,
  );

  test.each(ODD_NAMES)("%s writes to everybody with an odd name, and each message arrives whole", async (name) => {
    for (const peer of ODD_NAMES.filter((odd) => odd !== name)) {
      const socket = await user(peer).open();
      const { status, body } = await user(name).send(peer, { text: `hello, ${peer} 1<2 & "3"` });
      expect([status, body.delivered]).toEqual([201, 1]);
      expect(body.message).toMatchObject({ sender: name, recipient: peer, text: `hello, ${peer} 1<2 & "3"` });
      const frame = { type: "message", ...body.message, senderName: name, senderAvatar: null };
      expect(await socket.frame(({ id }) => id === body.message.id)).toEqual(frame);
      expect((await user(peer).messages(name)).body.messages.at(-1)).toEqual(body.message);
      const { rows } = await socket.ask({ action: "sync" }, "synced");
      const row = rows.find((one: Json) => one.peer === name);
      expect(row).toMatchObject({ lastSeq: body.message.seq, last: { sender: name } });
      expect((await user(name).call("GET", `/api/users/${encodeURIComponent(peer)}`)).status).toBe(200);
      await socket.close();
    }
  });
});

test("[L2] after all of it, two bystanders have what they had, and their socket heard nothing", async () => {
  expect(counts.requests).toBeGreaterThan(ROUTES.length * RUNS_PER_ROUTE);
  expect(await seenByBystanders()).toEqual(bystandersBefore);
  expect(await carolsSocket.ask({ action: "sync" }, "synced")).toMatchObject({ rows: [{ peer: DAVE }] });
  expect(carolsSocket.frames).toHaveLength(1);
  await carolsSocket.close();
});

function user(username: string): User {
  const found = users.get(username);
  if (found === undefined) throw new Error(`There is no user ${username}`);
  return found;
}

function check<T>(numRuns: number, arbitrary: fc.Arbitrary<T>, hold: (value: T) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, hold), { seed, numRuns });
}

/** All that the bystanders have: profiles, lists and the log, which holds the secret. */
async function seenByBystanders() {
  const seen = await Promise.all(
    [CAROL, DAVE].map(async (name, i) => {
      const { username, call, conversations, messages } = user(name);
      const list = (await conversations()).body.conversations;
      const profile = await (await call("GET", "/api/me")).json();
      return { username, list, profile, log: (await messages(i === 0 ? DAVE : CAROL)).body };
    }),
  );
  expect(JSON.stringify(seen)).toContain(SECRET);
  return seen;
}

interface Answer {
  status: number;
  contentType: string;
  requestId: string | undefined;
  text: string;
}

/** Not by `fetch`, which puts a path and a header right before it sends them. */
async function call(caller: string, method: string, { path, headers, body }: HostileRequest): Promise<Answer> {
  const authorization = `Bearer ${user(caller).token}`;
  const length = { "content-length": body.length };
  const sent = request(`${system.runtime.baseUrl}`, {
    agent,
    method,
    path,
    headers: { authorization, ...length, ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { "content-type": contentType = "", "apigw-requestid": requestId } = response.headers;
  counts.requests++;
  return { status: response.statusCode, contentType, requestId, text: Buffer.concat(chunks).toString() };
}

/** Whom a stack trace or a path of a file in an error would help. */
const INSIDES = /\n\s+at |\/(work|tmp|var|home)\/|node_modules|\.[cm]?[jt]s:\d/;

/** What the gateway, and Node's parser in it, answer by themselves. */
const GATEWAY_STATUSES = [400, 401, 404, 413, 431];

function expectProper(answer: Answer, caller: string): void {
  const { status, contentType, requestId, text } = answer;
  const at = JSON.stringify(answer).slice(0, 1000);
  expect(status, at).toBeLessThan(500);
  expect(text).not.toContain(SECRET);
  if (status < 300) {
    if (!contentType.startsWith("image/")) expectOwn(JSON.parse(text), caller);
  } else if (contentType === "application/problem+json") {
    const problem = JSON.parse(text);
    expectProblem(status, problem);
    expect(problem.requestId).toBe(requestId);
  } else {
    expect(GATEWAY_STATUSES, at).toContain(status);
    // Node's parser refuses what is no HTTP, before the gateway sees it, and says nothing.
    if (requestId === undefined) expect(text, at).toBe("");
    else expect(JSON.parse(text), at).toEqual({ message: expect.stringMatching(/./) });
  }
}

function expectProblem(status: number, problem: Json): void {
  const at = JSON.stringify(problem);
  expect(Object.keys(REFUSALS), at).toContain(problem.code);
  const refusal = REFUSALS[problem.code as RefusalCode];
  expect(problem, at).toMatchObject({ type: "about:blank", title: refusal.title, status: refusal.status });
  expect(status, at).toBe(refusal.status);
  expectTold(problem);
}

function expectTold({ detail, requestId }: Json): void {
  expect(detail).toMatch(/./);
  expect(detail).not.toMatch(INSIDES);
  expect(requestId).toMatch(/./);
}

/** No message, and no row, of which the caller is not one side. */
function expectOwn({ messages = [], message, conversations = [], rows = [] }: Json, caller: string): void {
  for (const { sender, recipient } of message === undefined ? messages : [message, ...messages])
    expect([sender, recipient]).toContain(caller);
  for (const { peer, last } of [...conversations, ...rows])
    if (last !== null) expect([caller, peer]).toContain(last.sender);
}

function expectProperFrame(frame: Json, caller: string): void {
  const at = JSON.stringify(frame);
  expect(at).not.toContain(SECRET);
  expect(["synced", "error", "message"], at).toContain(frame.type);
  if (frame.type === "synced") expectOwn(frame, caller);
  if (frame.type !== "error") return;
  expect(Object.keys(REFUSALS), at).toContain(frame.code);
  expect(REFUSALS[frame.code as RefusalCode].status, at).toBeLessThan(500);
  expectTold(frame);
}

/** Whether a frame is a `typing` to somebody who exists: that has no answer. */
function isPassedOn(frame: string, from: string): boolean {
  try {
    const { action, peer } = JSON.parse(frame) ?? {};
    if (action !== "typing" || typeof peer !== "string") return false;
    return peer.normalize("NFC") !== from && EXISTING.has(peer.normalize("NFC"));
  } catch {
    return false;
  }
}

/** A socket that sends frames as they are, and gives those that came, but for other users' messages, in turn. */
async function openFrames(username: string) {
  const url = `${system.runtime.baseUrl.replace("http", "ws")}/ws`;
  const socket = new WebSocket(url, ["duet.v1", `bearer.${user(username).token}`]);
  const received: Json[] = [];
  let wake = () => {};
  const add = (frame: Json) => {
    if (frame.type !== "message") received.push(frame);
    wake();
  };
  socket.on("message", (data) => add(JSON.parse(data.toString())));
  await once(socket, "open");
  const closed = once(socket, "close").then(([code]) => code as number);
  void closed.then((code) => add({ type: "closed", code }));
  return {
    closed,
    send: (frame: string) => socket.send(frame),
    /** The next frames, once there are so many. Rejects after 10 s. */
    take: async (count: number): Promise<Json[]> => {
      const lateAtMs = performance.now() + 10_000;
      while (received.length < count) {
        const leftMs = lateAtMs - performance.now();
        if (leftMs <= 0) throw new Error(`${count} frames were expected, ${received.length} came`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, leftMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return received.splice(0, count);
    },
    close: async () => {
      socket.close();
      await closed;
    },
  };
}
