import { describe, expect, test } from "vitest";
import { open, refusal } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

/** The Lambda REQUEST authorizer of `$connect`. */
export function authorizer(stage: () => Stage): void {
  /** The status of a handshake for which the authorizer does as it is told. */
  const statusWhen = async (auth: string) =>
    (await refusal(stage().about.main, { query: { ticket: "t", auth } })).status;
  const kinds = async (mark: string) => (await stage().records(mark)).map(({ kind }) => kind);

  describe.concurrent("the authorizer's event", () => {
    const authorized = async (query: Record<string, string> = {}, headers: Record<string, string> = {}) => {
      const mark = newMark();
      const client = await stage().open({ mark, ...query }, { headers });
      client.socket.close();
      return { event: await stage().recorded(mark, "AUTHORIZE"), connect: await stage().recorded(mark, "CONNECT") };
    };

    test("is of type REQUEST", async () => {
      expect((await authorized()).event.type).toBe("REQUEST");
    });

    test("has the ARN of $connect at the stage as its methodArn", async () => {
      const { event } = await authorized();
      const { apiId, stage: name } = event.requestContext;
      expect(event.methodArn).toMatch(/^arn:aws[\w-]*:execute-api:[a-z0-9-]+:\d{12}:/);
      expect(event.methodArn?.split(":").at(-1)).toBe(`${apiId}/${name}/$connect`);
    });

    test("has the handshake's headers, Connection and Upgrade among them, and a content-length of 0", async () => {
      const { event } = await authorized({}, { "x-lower": "low" });
      expect(event.headers).toMatchObject({
        Connection: expect.stringMatching(/upgrade/i),
        Upgrade: "websocket",
        "content-length": "0",
        "x-lower": "low",
      });
      expect(event.multiValueHeaders).toMatchObject({ "x-lower": ["low"] });
    });

    test("has the query parameters", async () => {
      const { event } = await authorized({ extra: "1" });
      expect(event.queryStringParameters).toMatchObject({ ticket: "t", extra: "1" });
      expect(event.multiValueQueryStringParameters).toMatchObject({ extra: ["1"] });
    });

    test("has empty stage variables where the stage has none", async () => {
      expect((await authorized()).event.stageVariables).toEqual({});
    });

    test("describes the connection that is asked for", async () => {
      const { requestContext } = (await authorized()).event;
      expect(requestContext).toMatchObject({ routeKey: "$connect", eventType: "CONNECT", messageDirection: "IN" });
      for (const member of ["connectionId", "requestId", "extendedRequestId", "requestTime", "domainName", "apiId"])
        expect(requestContext).toHaveProperty(member, expect.any(String));
      for (const member of ["connectedAt", "requestTimeEpoch"])
        expect(requestContext).toHaveProperty(member, expect.any(Number));
      expect(requestContext.identity).toHaveProperty("sourceIp", expect.any(String));
    });

    test("has neither path parameters, nor a body, nor an HTTP method", async () => {
      const { event } = await authorized();
      for (const absent of ["pathParameters", "body", "httpMethod"]) expect(event).not.toHaveProperty(absent);
    });

    test("has the connectionId of the CONNECT event that follows (likely)", async () => {
      const { event, connect } = await authorized();
      expect(connect.requestContext.connectionId).toBe(event.requestContext.connectionId);
    });
  });

  describe.concurrent("identity sources", () => {
    test.each<[string, Record<string, string>]>([
      ["missing", {}],
      ["empty", { ticket: "" }],
      ["there under a name in another case only (likely)", { Ticket: "t" }],
    ])("a query parameter that is %s is 401, and neither function is called", async (_, query) => {
      const mark = newMark();
      expect((await refusal(stage().about.main, { query: { mark, ...query } })).status).toBe(401);
      const client = await stage().open({ mark });
      client.socket.close();
      expect(await kinds(mark)).toEqual(["AUTHORIZE", "CONNECT"]);
    });

    test("a missing header is 401, and neither function is called", async () => {
      const mark = newMark();
      expect((await refusal(stage().about.keyed, { headers: { "x-mark": mark } })).status).toBe(401);
      const client = await open(stage().about.keyed, { headers: { "X-Ticket": "t", "x-mark": mark } });
      client.socket.close();
      expect(await kinds(mark)).toEqual(["AUTHORIZE", "CONNECT"]);
    });

    test("a header is found whatever its case (likely)", async () => {
      const client = await open(stage().about.keyed, { headers: { "x-TICKET": "t" } });
      client.socket.close();
      expect(client.socket.protocol).toBe("");
    });
  });

  describe.concurrent("the authorizer's decision", () => {
    test.each([
      ["an Allow of the methodArn opens", "allow", 101],
      ["an Allow of a pattern that the methodArn fits opens", "allow-all", 101],
      ["a Deny is 403 (likely)", "deny", 403],
      ["an Allow of another resource is 403 (likely)", "other-resource", 403],
      ["calling back with Unauthorized is 401", "call-back-unauthorized", 401],
      ["a thrown Unauthorized is 401 (likely)", "throw-unauthorized", 401],
      ["any other error is 500 (likely)", "throw", 500],
      ["a timeout is 500 (likely)", "hang", 500],
      ["a result without a policy is 500 (likely)", "no-policy", 500],
      ["a context with a list in it is 500 (likely)", "object-in-context", 500],
      ["a result of more than 8 KB is 500 (likely)", "too-much", 500],
    ])("%s", async (_, auth, status) => {
      expect(await statusWhen(auth)).toBe(status);
    });

    test("a refusal keeps $connect from being called", async () => {
      const mark = newMark();
      await refusal(stage().about.main, { query: { ticket: "t", mark, auth: "deny" } });
      const client = await stage().open({ mark });
      client.socket.close();
      expect(await kinds(mark)).toEqual(["AUTHORIZE", "AUTHORIZE", "CONNECT"]);
    });

    test("is not cached: each handshake asks again", async () => {
      const mark = newMark();
      for (const client of [await stage().open({ mark }), await stage().open({ mark })]) client.socket.close();
      expect((await kinds(mark)).filter((kind) => kind === "AUTHORIZE")).toHaveLength(2);
    });

    test("gives its principal and its context to CONNECT, MESSAGE and DISCONNECT", async () => {
      const mark = newMark();
      const client = await stage().open({ mark });
      const message = (await client.ask("hello")).requestContext;
      client.socket.close();
      const connect = (await stage().recorded(mark, "CONNECT")).requestContext;
      const disconnect = (await stage().recorded(message.connectionId, "DISCONNECT")).requestContext;
      for (const { authorizer: context } of [connect, message, disconnect])
        expect(context).toMatchObject({ principalId: "probe", text: "words" });
    });

    test("has the values of its context handed on as strings (likely)", async () => {
      const client = await stage().open();
      const { authorizer: context } = (await client.ask("hello")).requestContext;
      client.socket.close();
      expect(context).toMatchObject({ number: "1", flag: "true" });
    });
  });
}
