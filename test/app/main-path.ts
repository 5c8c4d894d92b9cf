import { v7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DynamoDbEngine } from "../../local/dynamodb/dynamodb.ts";
import { openDocuments } from "../docs/documents.ts";
import { openSocket, refusedHandshake, startSystem } from "./system.ts";

/** Two users talk, through the local runtime, on this storage. */
export function mainPath(dynamoDb: DynamoDbEngine): void {
  describe(`two users talk, on ${JSON.stringify(dynamoDb)}`, () => {
    let system: Awaited<ReturnType<typeof startSystem>>;
    const documents = openDocuments();
    let pairs = 0;
    const pair = async () => {
      pairs++;
      const [alice, bob] = await Promise.all([system.user(`alice${pairs}`), system.user(`bob${pairs}`)]);
      await Promise.all([alice.conversations(), bob.conversations()]);
      return { alice, bob };
    };
    beforeAll(async () => {
      system = await startSystem({ dynamoDb, check: documents });
    });
    afterAll(async () => {
      await system?.close();
      // Every answer and frame of these tests is as docs/openapi.yaml and docs/asyncapi.yaml say.
      expect(documents.faults).toEqual([]);
      expect(documents.seen.size).toBeGreaterThan(20);
    });

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

    test("[M1] [M2] a read marker is kept, shown in both lists, and pushed to both users", async () => {
      const { alice, bob } = await pair();
      const [hers, his] = await Promise.all([alice.open(), bob.open()]);
      for (const text of ["one", "two"]) await alice.send(bob.username, { text });
      const mark = (seq: unknown) =>
        bob.call("PUT", `/api/conversations/${alice.username}/read`, { body: JSON.stringify({ seq }) });
      expect(await (await mark(1)).json()).toEqual({ readSeq: 1 });
      const isRead = ({ type }: { type: string }) => type === "read";
      expect(await hers.frame(isRead)).toEqual({ type: "read", peer: bob.username, reader: bob.username, seq: 1 });
      expect(await his.frame(isRead)).toEqual({ type: "read", peer: alice.username, reader: bob.username, seq: 1 });
      expect((await bob.conversations()).body.conversations).toMatchObject([{ readSeq: 1, unread: 1 }]);
      expect(await (await mark(99)).json()).toEqual({ readSeq: 2 });
      expect((await bob.conversations()).body.conversations).toMatchObject([{ readSeq: 2, unread: 0 }]);
      expect((await alice.conversations()).body.conversations).toMatchObject([{ peerReadSeq: 2 }]);
      expect((await mark("2")).status).toBe(400);
      await Promise.all([hers.close(), his.close()]);
    });

    test("[B1] [B2] a blocked sender is refused until unblocked", async () => {
      const { alice, bob } = await pair();
      await alice.send(bob.username, { text: "one" });
      const block = `/api/conversations/${alice.username}/block`;
      expect(await (await bob.call("PUT", block)).json()).toEqual({ peer: alice.username, blocked: true });
      expect((await alice.send(bob.username, { text: "two" })).body).toMatchObject({ status: 403, code: "blocked" });
      expect((await bob.messages(alice.username)).body).toMatchObject({ lastSeq: 1 });
      expect(await (await bob.call("DELETE", block)).json()).toEqual({ peer: alice.username, blocked: false });
      expect((await alice.send(bob.username, { text: "three" })).body.message.seq).toBe(2);
    });

    test("[T1] typing reaches the peer, and is not answered", async () => {
      const { alice, bob } = await pair();
      await alice.send(bob.username, { text: "one" });
      const [hers, his] = await Promise.all([alice.open(), bob.open()]);
      await hers.ask({ action: "sync" }, "synced");
      expect(await hers.ask({ action: "typing", peer: alice.username }, "error")).toMatchObject({ code: "to_oneself" });
      const before = hers.frames.length;
      const arrived = his.frame(({ type }) => type === "typing");
      // What is typed is answered by nothing: the next frame is that of the sync.
      const synced = hers.ask({ action: "typing", peer: bob.username }, "synced");
      expect(await arrived).toEqual({ type: "typing", peer: alice.username });
      await hers.ask({ action: "sync" }, "synced");
      await synced;
      expect(hers.frames.slice(before).map(({ type }) => type)).toEqual(["synced"]);
      await Promise.all([hers.close(), his.close()]);
    });

    test("[U1] [U2] [U3] [U4] a name and a picture are shown to others, and pushed to oneself", async () => {
      const { alice, bob } = await pair();
      const own = await alice.open();
      const { username } = alice;
      const set = await alice.call("PUT", "/api/me", { body: JSON.stringify({ displayName: " Alice A. " }) });
      expect(await set.json()).toEqual({ username, displayName: "Alice A.", avatar: null });
      expect(await own.frame(({ type }) => type === "profile")).toMatchObject({ displayName: "Alice A." });
      const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010806000000", "hex");
      const headers = { "content-type": "image/png" };
      const put = await alice.call("PUT", "/api/me/avatar", { body: png, headers });
      const { avatar } = (await put.json()) as { avatar: string };
      expect(avatar).toMatch(new RegExp(`^/api/users/${username}/avatar\\?v=`));
      const picture = await bob.call("GET", avatar);
      expect(picture.headers.get("content-type")).toBe("image/png");
      expect(picture.headers.get("cache-control")).toContain("immutable");
      expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
      const old = await bob.call("GET", avatar.replace(/v=.*/, "v=old"));
      expect(old.headers.get("cache-control")).toBe("private, no-cache");
      expect(await (await bob.call("GET", `/api/users/${username}`)).json()).toMatchObject({ displayName: "Alice A." });
      const socket = await bob.open();
      await alice.send(bob.username, { text: "hi" });
      const shown = { senderName: "Alice A.", senderAvatar: avatar };
      expect(await socket.frame(({ type }) => type === "message")).toMatchObject(shown);
      const gif = await alice.call("PUT", "/api/me/avatar", { body: "GIF89a", headers });
      expect([gif.status, await gif.json()]).toMatchObject([415, { code: "invalid_image" }]);
      expect(await (await alice.call("DELETE", "/api/me/avatar")).json()).toMatchObject({ avatar: null });
      expect((await bob.call("GET", avatar)).status).toBe(404);
      expect((await bob.call("GET", "/api/users/nobody")).status).toBe(404);
      expect(await (await bob.call("GET", "/api/me")).json()).toMatchObject({ username: bob.username });
      await Promise.all([own.close(), socket.close()]);
    });

    test("[C7] to sign out everywhere closes every socket, and no other user's", async () => {
      const { alice, bob } = await pair();
      const [one, two, other] = await Promise.all([alice.open(), alice.open(), bob.open()]);
      expect(await (await alice.call("DELETE", "/api/connections")).json()).toEqual({ closed: 2 });
      await Promise.all([one.closed, two.closed]);
      expect(await system.connectionIds(alice.username)).toEqual([]);
      expect(await other.ask({ action: "sync" }, "synced")).toMatchObject({ rows: [] });
      await other.close();
    });

    test("[E6] markup is taken out of a text, and what is not markup stays", async () => {
      const { alice, bob } = await pair();
      const text = async (typed: string) => (await alice.send(bob.username, { text: typed })).body.message?.text;
      expect(await text("<b>bold</b> &lt;3 <script>alert(1)</script>")).toBe("bold <3 ");
      expect(await text("a < b && Q&A")).toBe("a < b && Q&A");
      expect((await alice.send(bob.username, { text: "<br>" })).body).toMatchObject({ code: "empty_text" });
      expect((await alice.send(bob.username, { text: "x".repeat(65_537) })).body).toMatchObject({
        code: "text_too_long",
      });
    });

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
