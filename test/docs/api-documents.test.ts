import { setTimeout as delay } from "node:timers/promises";
import { v7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ISSUER_LIST_PATH, PATHS } from "../../local/identity/paths.ts";
import { openSocket, refusedHandshake, startSystem } from "../app/system.ts";
import { openDocuments } from "./documents.ts";
import { startFailingStorage } from "./failing-storage.ts";
import { BAD, type Call, GOOD, OTHER_PICTURES } from "./requests.ts";

/** What is documented and is not provoked here, and why. */
const NOT_PROVOKED: [RegExp, string][] = [
  [/ 429 application\/json$/, "the local runtime does not throttle routes"],
  [/ 500 application\/json$/, "a function that dies is shown on one route; the gateway's answer is the same on all"],
  [/ 503 application\/json$/, "a function always answers before the gateway's 30 s are over"],
  [/ id_too_old$/, "it takes more than 4 MB of messages; a test of append begins with [R3]"],
];

const documents = openDocuments();
let storage: Awaited<ReturnType<typeof startFailingStorage>>;
let system: Awaited<ReturnType<typeof startSystem>>;
let alice: Awaited<ReturnType<typeof system.user>>;
let bob: typeof alice;
beforeAll(async () => {
  storage = await startFailingStorage();
  system = await startSystem({ dynamoDb: { url: storage.url }, check: documents });
  [alice, bob] = await Promise.all([system.user("alice"), system.user("bob")]);
  await Promise.all([alice.conversations(), bob.conversations()]);
});
afterAll(async () => {
  await system?.close();
  await storage?.close();
});

const good = Object.values(GOOD);
const call = (user: typeof alice, [method, path, init]: Call) => user.call(method, path, init);
const without = ([method, path, init]: Call): Call => [
  method,
  path,
  { ...init, headers: { ...init?.headers, authorization: "" } },
];

test("each operation of the document has a request here that is in order, and its body is as documented", () => {
  expect(Object.keys(GOOD).sort()).toEqual(documents.operations.map(({ operation }) => operation.operationId).sort());
  for (const { method, path, operation } of documents.operations) {
    const body = GOOD[operation.operationId]?.[2]?.body;
    expect(body !== undefined, operation.operationId).toBe(operation.requestBody !== undefined);
    const pointer = `paths/${encodeURIComponent(path.replaceAll("/", "~1"))}/${method.toLowerCase()}/requestBody`;
    if (typeof body === "string")
      documents.hold(
        operation.operationId,
        JSON.parse(body),
        `openapi.yaml#/${pointer}/content/application~1json/schema`,
      );
  }
  expect(documents.faults).toEqual([]);
});

test("every route answers as documented what is in order, and what the caller has done wrong", async () => {
  for (const one of good) await call(alice, one);
  for (const picture of OTHER_PICTURES) {
    await call(alice, ["PUT", "/api/me/avatar", picture]);
    const { avatar } = (await (await call(bob, ["GET", "/api/users/alice"])).json()) as { avatar: string };
    await call(bob, ["GET", avatar]);
  }
  const odd = await system.user("a!");
  for (const one of good) {
    await call(alice, without(one));
    await call(odd, one);
  }
  for (const one of BAD) await call(alice, one);

  const id = v7();
  for (const text of ["once", "once", "other"]) await alice.send("bob", { text }, { "idempotency-key": id });
  await call(bob, ["PUT", "/api/conversations/alice/block"]);
  await alice.send("bob", { text: "blocked" });
  await call(bob, ["DELETE", "/api/conversations/alice/block"]);
  expect(documents.faults).toEqual([]);
});

test("both limits per sender are refused as documented", async () => {
  const sender = await system.user("sender");
  await Promise.all(Array.from({ length: 21 }, (_, i) => sender.send("bob", { text: `${i}` })));
  for (let i = 1; i <= 30; i++) {
    await (await system.user(`peer${i}`)).conversations();
    await sender.send(`peer${i}`, { text: "hi" });
  }
  expect(documents.faults).toEqual([]);
});

test("a fault of storage, and a bug, are answered as documented by every route, by frames and by the handshake", async () => {
  const socket = await alice.open();
  for (const mode of ["fails for now", "refuses what it is asked"] as const)
    await storage.while(mode, async () => {
      for (const one of good) await call(alice, one);
      await socket.ask({ action: "sync" }, "error");
      expect(await refusedHandshake(system.runtime.baseUrl, ["duet.v1", `bearer.${bob.token}`])).toBe(502);
    });
  await socket.close();
  expect(documents.faults).toEqual([]);
});

test("a function that dies is answered by the gateway as documented, over HTTP and on a socket", async () => {
  const socket = await alice.open();
  const { functions } = system.runtime.app;
  await storage.while("hangs", async () => {
    const isAnswered = Promise.all([call(alice, ["GET", "/api/me"]), socket.ask({ action: "sync" }, undefined)]);
    const killing = setInterval(() => {
      for (const { arn } of functions) system.runtime.kill(arn);
    }, 100);
    await isAnswered.finally(() => clearInterval(killing));
  });
  await socket.close();
  expect(documents.faults).toEqual([]);
});

test("every frame is as documented, and so are the statuses of the handshake", async () => {
  const [hers, his] = await Promise.all([alice.open(), bob.open()]);
  await alice.send("bob", { text: "a frame" });
  await his.frame(({ type }) => type === "message");
  await call(bob, ["PUT", "/api/conversations/alice/read", { body: JSON.stringify({ seq: 1 }) }]);
  await hers.frame(({ type }) => type === "read");
  await call(alice, ["PUT", "/api/me", { body: JSON.stringify({ displayName: null }) }]);
  await hers.frame(({ type }) => type === "profile");
  // What is typed is answered by nothing; the sync, by the frame that is waited for.
  const synced = hers.ask({ action: "typing", peer: "bob" }, "synced");
  await his.frame(({ type }) => type === "typing");
  await hers.ask({ action: "sync" }, "synced");
  await synced;
  for (const frame of [
    "not json",
    { action: "sync", since: 1 },
    { action: "sync", since: "x" },
    { action: "typing", peer: "alice" },
    { action: "typing", peer: "nobody" },
    { action: "typing", peer: "a b" },
  ])
    await hers.ask(frame, "error");
  await Promise.all([hers.close(), his.close()]);

  const { baseUrl } = system.runtime;
  const { token, expired } = await shortToken(baseUrl, "carol");
  const late = await openSocket(baseUrl, ["duet.v1", `bearer.${token}`], {}, documents);
  await expired;
  expect(await late.ask({ action: "sync" }, "error")).toMatchObject({ code: "token_expired" });
  await late.close();

  const odd = await system.user("a!");
  const statuses = await Promise.all(
    [
      ["duet.v1", `bearer.${bob.token}`],
      ["duet.v9", `bearer.${bob.token}`],
      ["duet.v1"],
      ["duet.v1", `bearer.${odd.token}`],
    ].map((protocols) => refusedHandshake(baseUrl, protocols)),
  );
  expect(statuses).toEqual([101, 400, 401, 403]);
  const handshake = Object.keys(documents.asyncapi.channels.socket["x-handshake-statuses"]);
  // 502 is above; for 429 and 500 the gateway would have to be flooded, or the issuer be away.
  expect(handshake).toEqual([...statuses.map(String), "429", "500", "502"]);
  expect(documents.faults).toEqual([]);
});

test("all that is documented has come, but for what is listed with its reason", () => {
  const missing = documents.documented.filter((one) => !documents.seen.has(one));
  expect(missing.filter((one) => !NOT_PROVOKED.some(([pattern]) => pattern.test(one)))).toEqual([]);
  for (const [pattern, reason] of NOT_PROVOKED)
    expect(
      missing.some((one) => pattern.test(one)),
      reason,
    ).toBe(true);
});

/** A token that lasts as short as lets a socket be opened with it, and when it is over. */
async function shortToken(baseUrl: string, username: string) {
  const { issuers } = (await (await fetch(baseUrl + ISSUER_LIST_PATH)).json()) as { issuers: string[] };
  const lifetimeSeconds = 5;
  const answer = await fetch(`${issuers[0]}${PATHS.devTokens}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ usernames: [username], lifetimeSeconds }),
  });
  const { accessTokens } = (await answer.json()) as { accessTokens: string[] };
  return { token: accessTokens[0] ?? "", expired: delay((lifetimeSeconds + 1) * 1000) };
}
