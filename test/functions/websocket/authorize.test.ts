import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const METHOD_ARN = "arn:aws:execute-api:us-east-1:000000000000:abc/ws/$connect";
const nowSeconds = Math.floor(Date.now() / 1000);

/** An issuer of our own, whose keys can be had or not. */
let issuer: string;
let server: Server;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let keySet: { status: number; body: string };
let authorize: (event: APIGatewayRequestAuthorizerEvent) => Promise<APIGatewayAuthorizerResult>;

beforeAll(async () => {
  keys = await generateKeyPair("RS256");
  keySet = {
    status: 200,
    body: JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256", use: "sig" }] }),
  };
  server = createServer(({ url }, response) => {
    const isDiscovery = url === "/.well-known/openid-configuration";
    response.writeHead(isDiscovery ? 200 : keySet.status, { "content-type": "application/json" });
    response.end(isDiscovery ? JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }) : keySet.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { ISSUER: issuer, AUDIENCE: "duet", USERNAME_CLAIM: "username" });
  ({ handler: authorize } = await import("../../../functions/websocket/authorize.ts"));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function token(claims: JWTPayload, { kid = "k1", key = keys.privateKey } = {}): Promise<string> {
  const usual = { iss: issuer, client_id: "duet", username: "alice", iat: nowSeconds, exp: nowSeconds + 60 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "RS256", kid }).sign(key);
}

const ask = (headers: Record<string, string>) =>
  authorize({ headers, methodArn: METHOD_ARN, requestContext: { requestId: "r1" } } as never);
const askWith = async (claims: JWTPayload) =>
  ask({ "Sec-WebSocket-Protocol": `duet.v1, bearer.${await token(claims)}` });
const effectOf = (result: APIGatewayAuthorizerResult) => result.policyDocument.Statement[0]?.Effect;

describe("the authorizer of $connect", () => {
  // These come before the keys have been fetched for the first time, and so are kept.
  test("[C1] fails, and so is 500, while the issuer's keys cannot be had", async () => {
    const good = keySet;
    for (const bad of [
      { status: 500, body: "{}" },
      { status: 200, body: "<html>" },
      { status: 200, body: "{}" },
    ]) {
      keySet = bad;
      await expect(askWith({})).rejects.not.toThrow(/^Unauthorized$/);
    }
    keySet = good;
    expect(effectOf(await askWith({}))).toBe("Allow");
  });

  test("[C2] allows a good token, in either header, and hands on whose it is and until when", async () => {
    const expected = {
      principalId: "alice",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: METHOD_ARN }],
      },
      context: { tokenExpiresAtSeconds: String(nowSeconds + 60) },
    };
    expect(await askWith({})).toEqual(expected);
    expect(await ask({ authorization: `Bearer ${await token({})}` })).toEqual(expected);
    expect((await askWith({ username: "张三" })).principalId).toBe(encodeURIComponent("张三"));
    expect((await askWith({ exp: nowSeconds + 60.5 })).context).toEqual(expected.context);
  });

  test.each<[string, JWTPayload]>([
    ["of another issuer", { iss: "http://127.0.0.1:1" }],
    ["for another client", { client_id: "other" }],
    ["for another audience, whatever its client", { aud: "other" }],
    ["that has expired", { exp: nowSeconds - 1 }],
    ["that is not valid yet", { nbf: nowSeconds + 60 }],
    ["that does not say when it expires", { exp: undefined }],
  ])("[C1] refuses a token %s", async (_which, claims) => {
    await expect(askWith(claims)).rejects.toThrow(/^Unauthorized$/);
  });

  test("[C1] refuses a token by another key, one with an unknown key, none, and what is no token", async () => {
    const other = await generateKeyPair("RS256");
    const bearer = async (signed: Promise<string>) => ask({ Authorization: `Bearer ${await signed}` });
    await expect(bearer(token({}, { key: other.privateKey }))).rejects.toThrow(/^Unauthorized$/);
    await expect(bearer(token({}, { kid: "k2" }))).rejects.toThrow(/^Unauthorized$/);
    for (const headers of [
      {},
      { Authorization: "Basic x" },
      { Authorization: "Bearer x.y.z" },
      { "Sec-WebSocket-Protocol": "duet.v1" },
    ])
      await expect(ask(headers as Record<string, string>)).rejects.toThrow(/^Unauthorized$/);
  });

  test("takes the audience where there is one, alone or among others", async () => {
    expect(effectOf(await askWith({ aud: "duet", client_id: "other" }))).toBe("Allow");
    expect(effectOf(await askWith({ aud: ["other", "duet"] }))).toBe("Allow");
  });

  test.each(["a!", "a#b", "..", "", "e\u0301", null, undefined, { a: 1 }, ["alice"], true])(
    "[C1] denies a token whose claim is no username: %j",
    async (username) => expect(effectOf(await askWith({ username }))).toBe("Deny"),
  );

  test("takes a number as a name, as the HTTP API hands it over", async () => {
    expect((await askWith({ username: 42 })).principalId).toBe("42");
  });
});
