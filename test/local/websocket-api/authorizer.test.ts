import { expect, test } from "vitest";
import {
  collect,
  type Event,
  gate,
  type Handler,
  nextMessage,
  OK,
  Outcome,
  REGION_AND_ACCOUNT,
  serveApi,
} from "./serve-api.ts";

const ARN = `arn:aws:execute-api:${REGION_AND_ACCOUNT}:a1b2c3d4e5/ws/$connect`;

const statement = (Effect: string, Resource: unknown = ARN, Action: unknown = "execute-api:Invoke") => ({
  Effect,
  Action,
  Resource,
});

const result = (Statement: unknown, context?: unknown) => ({
  principalId: "alice",
  policyDocument: { Version: "2012-10-17", Statement },
  context,
});

/** Status of a handshake that this authorizer decides: 101 when it opens. */
async function statusWith(
  handler: Handler,
  identitySources: string[] = [],
  dialOptions = {},
): Promise<number | undefined> {
  const { dial } = await serveApi({ handlers: { $connect: () => OK }, authorizer: { handler, identitySources } });
  const client = dial(dialOptions);
  return new Promise((resolve) => {
    client.on("open", () => resolve(101));
    client.on("unexpected-response", (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
  });
}

test.each<[string, unknown, number]>([
  ["an Allow of the method", statement("Allow"), 101],
  ["a list of statements", [statement("Allow")], 101],
  ["an Allow of everything", statement("Allow", "*", "*"), 101],
  ["an Allow among several resources", statement("Allow", ["arn:other", ARN]), 101],
  ["an Allow of the stage", statement("Allow", `arn:aws:execute-api:${REGION_AND_ACCOUNT}:a1b2c3d4e5/ws/*`), 101],
  ["an Allow with ? for one character", statement("Allow", ARN.replace("ws/", "w?/")), 101],
  ["? for no character", statement("Allow", ARN.replace("ws/", "ws?/")), 403],
  ["an Allow in which . is no wildcard", statement("Allow", ARN.replace("ws/", "w./")), 403],
  ["a Deny", statement("Deny"), 403],
  ["a Deny beside an Allow", [statement("Allow", "*"), statement("Deny")], 403],
  ["a Deny of something else", [statement("Allow"), statement("Deny", "arn:other")], 101],
  ["no matching resource", statement("Allow", "arn:other"), 403],
  ["no matching action", statement("Allow", ARN, "execute-api:ManageConnections"), 403],
  ["no statement", [], 403],
  ["a statement with a condition", { ...statement("Allow"), Condition: {} }, 500],
  ["a statement without a resource", { Effect: "Allow", Action: "*" }, 500],
])("a policy with %s: %s → %i", async (_, statements, status) => {
  expect(await statusWith(() => result(statements))).toBe(status);
});

const fails = (error: Error): Handler => {
  return () => {
    throw error;
  };
};

test.each<[string, Handler, number]>([
  ["fails with exactly Unauthorized", fails(new Error("Unauthorized")), 401],
  ["fails with other words", fails(new Error("Unauthorized user")), 500],
  ["times out", fails(new Outcome({ outcome: "timed-out" })), 500],
  ["is throttled", fails(new Outcome({ outcome: "throttled" })), 500],
  ["returns nothing", () => undefined, 500],
  ["returns no principal", () => ({ ...result(statement("Allow")), principalId: undefined }), 500],
  ["returns an object in its context", () => result(statement("Allow"), { groups: ["a"] }), 500],
  ["returns null in its context", () => result(statement("Allow"), { group: null }), 500],
  ["returns just 8 KB", () => padded(8192), 101],
  ["returns more than 8 KB", () => padded(8193), 500],
])("an authorizer that %s", async (_, handler, status) => {
  expect(await statusWith(handler)).toBe(status);
});

function padded(bytes: number) {
  const empty = result(statement("Allow"), { padding: "" });
  return result(statement("Allow"), { padding: "x".repeat(bytes - JSON.stringify(empty).length) });
}

test.each<[string, string[], object, number]>([
  ["a missing header", ["route.request.header.Auth"], {}, 401],
  ["an empty header", ["route.request.header.Auth"], { headers: { auth: "" } }, 401],
  ["a header in another case", ["route.request.header.Auth"], { headers: { AUTH: "x" } }, 101],
  ["a missing query parameter", ["route.request.querystring.token"], { path: "/ws?Token=x" }, 401],
  ["an empty query parameter", ["route.request.querystring.token"], { path: "/ws?token=" }, 401],
  ["a query parameter", ["route.request.querystring.token"], { path: "/ws?token=x" }, 101],
  ["one of two", ["route.request.header.Auth", "route.request.querystring.token"], { path: "/ws?token=x" }, 401],
])("with %s as identity source", async (_, sources, dialOptions, status) => {
  let calls = 0;
  const handler = () => {
    calls += 1;
    return result(statement("Allow"));
  };
  expect(await statusWith(handler, sources, dialOptions)).toBe(status);
  expect(calls).toBe(status === 101 ? 1 : 0);
});

test("$connect is not called for a client that the authorizer refuses", async () => {
  const connects = collect<Event>();
  const { refused } = await serveApi({
    handlers: { $connect: (event) => connects.push(event) },
    authorizer: { handler: () => result(statement("Deny")) },
  });
  await refused();
  expect(connects.items).toEqual([]);
});

test("the authorizer's event describes the handshake", async () => {
  const seen = gate<Event>();
  const connected = gate<Event>();
  const { open } = await serveApi({
    handlers: {
      $connect: (event) => {
        connected.open(event);
        return OK;
      },
    },
    authorizer: {
      handler: (event) => {
        seen.open(event);
        return result(statement("Allow"));
      },
    },
  });
  await open({ headers: { "x-lower": "1" } });
  const event = await seen.opened;
  const connectEvent = await connected.opened;
  expect(event).toMatchObject({
    type: "REQUEST",
    methodArn: ARN,
    headers: { Connection: "Upgrade", Upgrade: "websocket", "content-length": "0", "x-lower": "1" },
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    stageVariables: {},
    requestContext: { routeKey: "$connect", eventType: "CONNECT", messageDirection: "IN", stage: "ws" },
  });
  for (const absent of ["body", "pathParameters", "httpMethod", "isBase64Encoded"])
    expect(event).not.toHaveProperty(absent);
  expect(event.requestContext).not.toHaveProperty("authorizer");
  expect(connectEvent.requestContext.connectionId).toBe(event.requestContext.connectionId);
  expect(connectEvent.requestContext.requestId).toBe(event.requestContext.requestId);
});

test("principal and context reach all three events as strings", async () => {
  const events = collect<Event>();
  const handler = (event: Event) => {
    events.push(event);
    return { statusCode: 200, body: "done" };
  };
  const { open } = await serveApi({
    handlers: { $connect: handler, $default: handler, $disconnect: handler },
    twoWay: ["$default"],
    authorizer: { handler: () => result(statement("Allow"), { number: 1, flag: true, text: "t" }) },
  });
  const client = await open();
  client.send("hello");
  await nextMessage(client);
  client.close();
  const [connect, message, disconnect] = (await events.reached(3)).map(
    ({ requestContext }) => requestContext.authorizer,
  );
  const authorizer = { principalId: "alice", number: "1", flag: "true", text: "t" };
  expect(connect).toEqual({ ...authorizer, integrationLatency: expect.any(Number) });
  expect(message).toEqual(authorizer);
  expect(disconnect).toEqual(authorizer);
});
