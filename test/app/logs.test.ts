import { DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localDynamoDb } from "../storage.ts";
import { openSocket, refusedHandshake, startSystem } from "./system.ts";

/** What no line of a log may hold, in any part of it. */
const SECRETS = { text: "SECRET-TEXT", name: "SECRET-NAME", token: "SECRET-TOKEN", frame: "SECRET-FRAME" };

describe("the logs", { timeout: 120_000 }, () => {
  const lines: string[] = [];
  const tokens: string[] = [];
  let pushedTo: string;
  let system: Awaited<ReturnType<typeof startSystem>>;
  beforeAll(async () => {
    system = await startSystem({
      dynamoDb: "dynalite",
      log: (_source, line) => lines.push(line),
      // Half of the pushes fail, even when they have been tried three times.
      chaos: { failPost: 0.8 },
    });
    await everyPath();
  });
  afterAll(() => system.close());

  /** Sends the secrets wherever a client can put any, so that each is accepted, refused, and met by a fault. */
  async function everyPath(): Promise<void> {
    const [alice, bob] = await Promise.all([system.user("alice"), system.user("bob")]);
    tokens.push(alice.token, bob.token);
    await alice.call("PUT", "/api/me", { body: JSON.stringify({ displayName: SECRETS.name }) });
    await alice.call("PUT", "/api/me", { body: JSON.stringify({ displayName: SECRETS.name.repeat(9) }) });
    await bob.call("GET", "/api/me");
    const socket = await bob.open();
    const { connectionId } = await socket.ask({ action: "sync" }, "synced");
    pushedTo = connectionId;

    const { body: sent } = await alice.send("bob", { text: SECRETS.text });
    await alice.send("bob", { text: SECRETS.text, id: sent.message.id });
    await alice.send("bob", { text: `${SECRETS.text} else`, id: sent.message.id });
    for (let times = 0; times < 10; times++) await alice.send("bob", { text: `<b>${SECRETS.text}</b>` });
    await alice.send("bob", { text: SECRETS.text.repeat(1000) });
    await alice.send("bob", { text: SECRETS.text, id: SECRETS.text });
    await alice.send("bob", { txt: SECRETS.text });
    await alice.send("nobody", { text: SECRETS.text });
    await alice.call("POST", "/api/conversations/bob/messages", { body: `{"text":"${SECRETS.text}` });
    await alice.call("POST", "/api/conversations/bob/messages", {
      body: Buffer.from(`\xff${SECRETS.text}`, "latin1"),
      headers: { "content-type": "application/octet-stream" },
    });
    await alice.call("PUT", "/api/me/avatar", { body: SECRETS.text, headers: { "content-type": "image/png" } });
    await alice.call("GET", `/api/conversations/bob/messages?after=${SECRETS.text}`);
    await alice.call("GET", `/api/conversations?since=${SECRETS.text}&token=${SECRETS.token}`);
    await alice.messages("bob");
    await alice.conversations();
    await bob.call("PUT", "/api/conversations/alice/read", { body: `{"seq":"${SECRETS.text}"}` });
    await bob.call("PUT", "/api/conversations/alice/read", { body: '{"seq":1}' });

    for (const refused of [
      SECRETS.frame,
      { action: SECRETS.frame },
      { action: "typing", peer: `${SECRETS.frame}#` },
      { action: "sync", since: SECRETS.frame },
    ])
      await socket.ask(refused, "error");
    // This one is taken, and not answered; the sync behind it is.
    const taken = { action: "typing", peer: "alice", text: SECRETS.frame, more: 1, peers: [] };
    await Promise.all([socket.ask(taken, "synced"), socket.ask({ action: "sync" }, "synced")]);

    const { baseUrl } = system.runtime;
    await fetch(`${baseUrl}/api/me`, { headers: { authorization: `Bearer ${SECRETS.token}` } });
    await refusedHandshake(baseUrl, ["duet.v1", `bearer.${SECRETS.token}`]);
    await refusedHandshake(baseUrl, ["duet.v1", `bearer.${alice.token}x`]);
    await refusedHandshake(baseUrl, [SECRETS.token, `bearer.${alice.token}`]);
    await (await openSocket(baseUrl, [], { authorization: `Bearer ${alice.token}` })).close();

    await lose("Messages");
    expect((await alice.send("bob", { text: SECRETS.text })).status).toBe(500);
    await lose("Connections");
    expect(await socket.ask({ action: "sync" }, "error")).toMatchObject({ code: "internal" });
    await socket.close();
    await alice.call("DELETE", "/api/connections");
  }

  /** As if somebody had deleted the table: the functions fail with what DynamoDB says. */
  async function lose(name: string): Promise<void> {
    const table = system.runtime.app.tables.find(({ path }) => path.includes(`/${name}/`));
    const client = new DynamoDBClient(localDynamoDb(system.runtime.storageEndpoint));
    await client.send(new DeleteTableCommand({ TableName: table?.tableName }));
    client.destroy();
  }

  const objects = () => lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));

  test("hold no word of a message, no name, no token and no frame", () => {
    expect(lines.length).toBeGreaterThan(30);
    const isTold = (line: string) => [...Object.values(SECRETS), ...tokens].some((secret) => line.includes(secret));
    expect(lines.filter(isTold)).toEqual([]);
  });

  test("say of each fault which request and which connection it was", () => {
    const faults = objects().filter(({ level, message }) => level === "ERROR" && message === "internal");
    expect(faults.length).toBeGreaterThanOrEqual(2);
    for (const fault of faults)
      expect(fault).toMatchObject({
        service: "Duet",
        requestId: expect.stringMatching(/./),
        error: { name: "ResourceNotFoundException" },
      });
    expect(faults.filter(({ connectionId }) => connectionId === pushedTo)).not.toEqual([]);
    const failedPushes = objects().filter(({ message }) => message === "push failed");
    expect(failedPushes).not.toEqual([]);
    for (const failed of failedPushes)
      expect(failed).toMatchObject({ level: "WARN", requestId: expect.stringMatching(/./), connectionId: pushedTo });
  });

  test("carry the metrics, one line an invocation", () => {
    const metrics = objects().filter((object) => "_aws" in object);
    const sum = (name: string) =>
      metrics.flatMap((line) => line[name] ?? []).reduce((total: number, value: number) => total + value, 0);
    expect(sum("MessagesAccepted")).toBe(11);
    expect(sum("MessagesRepeated")).toBe(1);
    expect(sum("PushesFailed")).toBeGreaterThan(0);
    expect(sum("SyncRows")).toBeGreaterThan(0);
    const [send] = metrics.filter((line) => "MessagesAccepted" in line);
    expect(send).toMatchObject({
      service: "Duet",
      TailLatency: expect.any(Number),
      StandingLatency: expect.any(Number),
      AppendLatency: expect.any(Number),
      RowsLatency: [expect.any(Number), expect.any(Number)],
      ConnectionsLatency: [expect.any(Number), expect.any(Number)],
      PushLatency: expect.any(Number),
    });
  });
});
