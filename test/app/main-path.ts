import { v7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DynamoDbEngine } from "../../local/dynamodb/dynamodb.ts";
import { openSocket, refusedHandshake, startSystem } from "./system.ts";

/** Two users talk, through the local runtime, on this storage. */
export function mainPath(dynamoDb: DynamoDbEngine): void {
  describe(`two users talk, on ${JSON.stringify(dynamoDb)}`, () => {
    let system: Awaited<ReturnType<typeof startSystem>>;
    let pairs = 0;
    const pair = async () => {
      pairs++;
      const [alice, bob] = await Promise.all([system.user(`alice${pairs}`), system.user(`bob${pairs}`)]);
      await Promise.all([alice.conversations(), bob.conversations()]);
      return { alice, bob };
    };
    beforeAll(async () => {
      system = await startSystem({ dynamoDb });
    });
    afterAll(() => system?.close());

    test("[P2] [P3] alice's POST is 201 with seq 1, and each of bob's two open sockets gets the payload", async () => {
      const { alice, bob } = await pair();
      const sockets = await Promise.all([bob.open(), bob.open()]);
      const { status, body } = await alice.send(bob.username, { text: "hi bob" });
      expect(status).toBe(201);
      expect(body).toMatchObject({ delivered: 2, message: { seq: 1, sender: alice.username, text: "hi bob" } });
      const payload = { type: "message", ...body.message, senderName: alice.username, senderAvatar: null };
      for (const socket of sockets) expect(await socket.frame(({ type }) => type === "message")).toEqual(payload);
      await Promise.all(sockets.map(({ close }) => close()));
    });

    test("[P4] alice's other socket gets it too; the one she names does not", async () => {
      const { alice, bob } = await pair();
      const [sending, other] = await Promise.all([alice.open(), alice.open()]);
      const { connectionId } = await sending.ask({ action: "sync" }, "synced");
      const { body } = await alice.send(bob.username, { text: "hi" }, { "duet-connection": connectionId });
      expect(body.delivered).toBe(0);
      expect(await other.frame(({ type }) => type === "message")).toMatchObject({ text: "hi" });
      await sending.ask({ action: "sync" }, "synced");
      expect(sending.frames.map(({ type }) => type)).toEqual(["synced", "synced"]);
      await Promise.all([sending.close(), other.close()]);
    });

    test("[S2] [L1] [W1] bob was offline: sync and the list of messages give him all of it, and it is unread", async () => {
      const { alice, bob } = await pair();
      for (const text of ["one", "two", "three"]) await alice.send(bob.username, { text });
      const socket = await bob.open();
      const synced = await socket.ask({ action: "sync" }, "synced");
      expect(synced).toMatchObject({
        more: false,
        rows: [{ peer: alice.username, lastSeq: 3, readSeq: 0, unread: 3 }],
      });
      const { body } = await bob.messages(alice.username);
      expect(body.messages.map(({ seq, text }: { seq: number; text: string }) => `${seq} ${text}`)).toEqual([
        "1 one",
        "2 two",
        "3 three",
      ]);
      expect(body.lastSeq).toBe(3);
      expect((await bob.conversations()).body.conversations).toMatchObject([
        { peer: alice.username, unread: 3, last: { preview: "three" }, profile: { displayName: alice.username } },
      ]);
      await socket.close();
    });

    test("[L1] pages of the log", async () => {
      const { alice, bob } = await pair();
      for (let i = 1; i <= 7; i++) await alice.send(bob.username, { text: `${i}` });
      const seqs = async (query: string) =>
        (await bob.messages(alice.username, query)).body.messages.map(({ seq }: { seq: number }) => seq);
      expect(await seqs("?limit=2")).toEqual([6, 7]);
      expect(await seqs("?limit=2&before=6")).toEqual([4, 5]);
      expect(await seqs("?limit=2&after=2")).toEqual([3, 4]);
      expect(await seqs("?after=7")).toEqual([]);
      expect((await bob.messages(alice.username, "?after=7")).body.lastSeq).toBe(7);
      expect((await bob.messages(alice.username, "?limit=0")).body).toMatchObject({
        status: 400,
        code: "invalid_query",
      });
    });

    test("[R1] the same id twice, and ten times at once, makes one message", async () => {
      const { alice, bob } = await pair();
      const id = v7();
      expect((await alice.send(bob.username, { text: "once", id })).status).toBe(201);
      expect((await alice.send(bob.username, { text: "once", id })).status).toBe(200);
      const twice = v7();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => alice.send(bob.username, { text: "twice" }, { "idempotency-key": twice })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
      expect(new Set(answers.map(({ body }) => body.message.seq))).toEqual(new Set([2]));
      expect((await bob.messages(alice.username)).body.messages).toHaveLength(2);
      expect((await alice.send(bob.username, { text: "other", id })).body).toMatchObject({
        status: 409,
        code: "id_reused",
      });
    });

    test("[A2] 20 sends at once make seq 1 to 20", async () => {
      const { alice, bob } = await pair();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => alice.send(bob.username, { text: `${i}` })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(201));
      expect(answers.map(({ body }) => body.message.seq).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      // The 21st within 10 s is one too many; on a slow machine the window is over, and the send is the 21st message.
      const next = await alice.send(bob.username, { text: "one more" });
      if (next.status === 429) {
        expect(next.body).toMatchObject({ code: "too_many_messages" });
        expect(Number(next.headers.get("retry-after"))).toBeGreaterThan(0);
      } else expect(next.body.message.seq).toBe(21);
    });

    test("[A4] [E1] refusals are problem+json that say what was wrong", async () => {
      const { alice, bob } = await pair();
      const refusal = async (peer: string, body: unknown) => {
        const answer = await alice.send(peer, body);
        expect(answer.headers.get("content-type")).toBe("application/problem+json");
        expect(answer.body.status).toBe(answer.status);
        expect(answer.body.requestId).toEqual(expect.stringMatching(/.+/));
        return [answer.status, answer.body.code, answer.body.detail];
      };
      expect(await refusal("nobody", { text: "hi" })).toEqual([404, "unknown_user", 'Nobody here is called "nobody".']);
      expect((await refusal(alice.username, { text: "hi" })).slice(0, 2)).toEqual([400, "to_oneself"]);
      expect((await refusal(bob.username, { text: " " })).slice(0, 2)).toEqual([400, "empty_text"]);
      expect((await refusal(bob.username, {})).slice(0, 2)).toEqual([400, "invalid_body"]);
      expect(await refusal(bob.username, { text: "x".repeat(4097) })).toEqual([
        400,
        "text_too_long",
        "A text has at most 4096 code points; this one has 4097.",
      ]);
      expect((await refusal("no body", { text: "hi" })).slice(0, 2)).toEqual([400, "invalid_username"]);
      expect((await bob.messages(alice.username)).body).toEqual({ messages: [], lastSeq: 0 });
    });

    test("[E2] without a token, or with a bad one, the gateway refuses with its own body", async () => {
      const { baseUrl } = system.runtime;
      for (const headers of [undefined, { authorization: "Bearer nonsense" }]) {
        const response = await fetch(`${baseUrl}/api/conversations/bob/messages`, {
          method: "POST",
          ...(headers === undefined ? {} : { headers }),
        });
        expect(response.status).toBe(401);
        expect(await response.json()).toEqual({ message: "Unauthorized" });
      }
      const { alice } = await pair();
      const unknown = await alice.call("GET", "/api/nothing");
      expect([unknown.status, await unknown.json()]).toEqual([404, { message: "Not Found" }]);
    });

    test("[C1] [C2] a handshake needs a token, in the subprotocol or in the header", async () => {
      const { baseUrl } = system.runtime;
      const { bob } = await pair();
      expect(await refusedHandshake(baseUrl, ["duet.v1"])).toBe(401);
      expect(await refusedHandshake(baseUrl, ["duet.v1", "bearer.nonsense"])).toBe(401);
      expect(await refusedHandshake(baseUrl, ["duet.v1", `bearer.${bob.token.slice(0, -4)}AAAA`])).toBe(401);
      const byProtocol = await bob.open();
      expect(byProtocol.protocol).toBe("duet.v1");
      const byHeader = await openSocket(baseUrl, [], { authorization: `Bearer ${bob.token}` });
      expect(byHeader.protocol).toBe("");
      await Promise.all([byProtocol.close(), byHeader.close()]);
    });

    test("[C1] a token whose name is no username is refused with 403 by both APIs", async () => {
      const odd = await system.user("a!");
      expect(await refusedHandshake(system.runtime.baseUrl, ["duet.v1", `bearer.${odd.token}`])).toBe(403);
      expect((await odd.conversations()).body).toMatchObject({ status: 403, code: "not_allowed" });
    });

    test("[C2] a client that speaks another subprotocol is refused", async () => {
      const { bob } = await pair();
      expect(await refusedHandshake(system.runtime.baseUrl, ["duet.v9", `bearer.${bob.token}`])).toBe(400);
    });

    test("[C5] a frame that is no sync is answered by an error, and the socket stays open", async () => {
      const { bob } = await pair();
      const socket = await bob.open();
      expect(await socket.ask("not json", "error")).toMatchObject({ code: "unknown_action" });
      expect(await socket.ask({ action: "dance" }, "error")).toMatchObject({ code: "unknown_action" });
      expect(await socket.ask({ action: "sync", since: "x" }, "error")).toMatchObject({ code: "invalid_cursor" });
      expect(await socket.ask({ action: "sync" }, "synced")).toMatchObject({ rows: [] });
      await socket.close();
    });

    test("[C4] a socket that was closed is forgotten", async () => {
      const { bob } = await pair();
      const socket = await bob.open();
      expect(await system.connectionIds(bob.username)).toHaveLength(1);
      await socket.close();
      await expect.poll(() => system.connectionIds(bob.username), { timeout: 10_000 }).toEqual([]);
    });

    test("[C4] a socket that was closed is not pushed to any more", async () => {
      const { alice, bob } = await pair();
      const [stays, goes] = await Promise.all([bob.open(), bob.open()]);
      await goes.close();
      // $disconnect runs after the close; until it has, the gateway knows that the socket is gone.
      expect((await alice.send(bob.username, { text: "hi" })).body.delivered).toBe(1);
      await stays.close();
    });

    test("[L2] nobody sees a conversation that is not their own", async () => {
      const { alice, bob } = await pair();
      const eve = await system.user("eve");
      await alice.send(bob.username, { text: "secret" });
      expect((await eve.conversations()).body.conversations).toEqual([]);
      for (const peer of [alice.username, bob.username])
        expect((await eve.messages(peer)).body).toEqual({ messages: [], lastSeq: 0 });
      expect((await eve.messages(`${alice.username}#${bob.username}`)).body).toMatchObject({
        code: "invalid_username",
      });
    });

    test.each(["张三", "o.brien@x.cn", "a+b", "__proto__", "constructor", "é"])(
      "%s is a name like any other",
      async (name) => {
        const { alice } = await pair();
        const other = await system.user(name);
        const socket = await other.open();
        const { body } = await alice.send(name, { text: "hello" });
        expect(body).toMatchObject({ delivered: 1, message: { recipient: name } });
        expect(await socket.frame(({ type }) => type === "message")).toMatchObject({ recipient: name });
        expect((await other.conversations()).body.conversations).toMatchObject([{ peer: alice.username }]);
        expect((await other.send(alice.username, { text: "hello back" })).body.message.seq).toBe(2);
        await socket.close();
      },
    );

    test("[S2] a cursor gives what changed since, and the first reading gave all", async () => {
      const { alice, bob } = await pair();
      await alice.send(bob.username, { text: "one" });
      const { body: all } = await bob.conversations();
      expect(all).toMatchObject({ more: false, conversations: [{ lastSeq: 1 }] });
      await alice.send(bob.username, { text: "two" });
      expect((await bob.conversations(`?since=${all.cursor}`)).body.conversations).toMatchObject([{ lastSeq: 2 }]);
      expect((await bob.conversations("?since=x")).body).toMatchObject({ code: "invalid_cursor" });
    });
  });
}
