import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, type JWTPayload } from "jose";
import { describe, expect, test } from "vitest";
import { alterToken, ecdsa, hmac, publicKeyOf, rsa, signedBy, type TokenChange } from "../stage/altered-token.ts";
import { type HttpEcho, newMark, type Stage } from "../stage/stage.ts";

const UNAUTHORIZED = { message: "Unauthorized" };

/** The JWT authorizer of an HTTP API. The one token that the suite has is taken apart to make those that must fail. */
export function jwt(stage: () => Stage): void {
  const authorizerOf = async (path: string) => {
    const { requestContext } = (await stage().getGuarded(path)).json<HttpEcho>();
    return requestContext.authorizer?.jwt;
  };
  const altered = (change: TokenChange) => alterToken(stage().token, change);
  const expectRefusal = async (token: string) => {
    const answer = await stage().getGuarded("/guarded", token);
    expect([answer.status, answer.json()]).toEqual([401, UNAUTHORIZED]);
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer scope="" error="invalid_token" error_description="/);
  };

  describe.concurrent("a JWT authorizer", () => {
    test("takes a token after Bearer", async () => {
      expect((await stage().getGuarded("/guarded")).status).toBe(200);
    });

    test("takes a token alone", async () => {
      expect((await stage().get("/guarded", { headers: { authorization: stage().token } })).status).toBe(200);
    });

    test("looks at client_id where a token has no aud", async ({ skip }) => {
      const { aud, client_id: clientId } = decodeJwt<{ client_id?: string }>(stage().token);
      if (aud !== undefined || clientId === undefined) return skip();
      expect((await authorizerOf("/guarded"))?.claims).toMatchObject({ client_id: clientId });
    });

    test("takes a token from the query, where that is the identity source", async () => {
      expect((await stage().get(`/guarded/query?token=${stage().token}`)).status).toBe(200);
      expect((await stage().getGuarded("/guarded/query")).status).toBe(401);
    });

    test("refuses a request without a token: 401 Unauthorized", async () => {
      const answer = await stage().get("/guarded");
      expect([answer.status, answer.json()]).toEqual([401, UNAUTHORIZED]);
    });

    test("asks for Bearer and nothing more where no token came (likely)", async () => {
      expect((await stage().get("/guarded")).headers["www-authenticate"]).toBe("Bearer");
    });

    test("says of what is no JWT that it has an invalid number of segments", async () => {
      const { status, headers } = await stage().getGuarded("/guarded", "words");
      expect(status).toBe(401);
      expect(headers["www-authenticate"]).toContain(
        'error="invalid_token" error_description="token contains an invalid number of segments"',
      );
    });

    test("says of a token for another audience that its audience is not valid", async () => {
      const { status, headers } = await stage().getGuarded("/guarded/audience");
      expect(status).toBe(401);
      expect(headers["www-authenticate"]).toBe(
        'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"',
      );
    });

    test("refuses a token of another issuer", async () => {
      const answer = await stage().getGuarded("/guarded/issuer");
      expect([answer.status, answer.json()]).toEqual([401, UNAUTHORIZED]);
    });

    test("refuses a token whose payload was changed", async () => {
      await expectRefusal(altered({ payload: { sub: "somebody else" } }));
    });

    test("refuses a token whose signature was changed", async () => {
      await expectRefusal(altered({ signature: Buffer.alloc(256, 1).toString("base64url") }));
    });

    test("refuses a token without a signature, by its algorithm none", async () => {
      await expectRefusal(altered({ header: { alg: "none" }, signature: "" }));
    });

    test("refuses HS256, also with the issuer's public key as its secret", async () => {
      const publicKey = await publicKeyOf(stage().token, stage().about.issuer);
      await expectRefusal(signedBy(altered({ header: { alg: "HS256" } }), hmac(publicKey)));
    });

    test("refuses ES256", async () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      await expectRefusal(signedBy(altered({ header: { alg: "ES256" } }), ecdsa(privateKey)));
    });

    test("refuses another RSA key under the kid of the issuer's", async () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      await expectRefusal(signedBy(stage().token, rsa(privateKey)));
    });

    test("refuses a kid that is not among the issuer's", async () => {
      await expectRefusal(altered({ header: { kid: "nobody's" } }));
    });

    test("refuses a token without a kid (likely)", async () => {
      await expectRefusal(altered({ header: { kid: undefined } }));
    });

    test("refuses a token without a scope of the route: 403 Forbidden", async () => {
      const answer = await stage().getGuarded("/guarded/forbidden");
      expect([answer.status, answer.json()]).toEqual([403, { message: "Forbidden" }]);
    });

    test("takes a token with one of several scopes of the route", async () => {
      expect((await stage().getGuarded("/guarded/scoped")).status).toBe(200);
    });

    test("keeps the function from being called at 401 and 403", async () => {
      const mark = newMark();
      await stage().get(`/guarded?mark=${mark}`);
      await stage().getGuarded(`/guarded/forbidden?mark=${mark}`);
      await stage().getGuarded(`/guarded?mark=${mark}`);
      expect(await stage().records(mark)).toHaveLength(1);
    });

    test("hands on every claim as a text", async () => {
      const claims = (await authorizerOf("/guarded"))?.claims;
      expect(claims).toEqual(textsOf(decodeJwt(stage().token)));
      expect(claims?.exp).toMatch(/^\d+$/);
    });

    test("hands on no scopes, but null, where the route asks for none", async () => {
      expect((await authorizerOf("/guarded"))?.scopes).toBeNull();
    });

    test("hands on all scopes of the token where the route asks for some", async () => {
      const { scope, scp } = decodeJwt<{ scope?: string; scp?: string | string[] }>(stage().token);
      const scopes = [scope ?? [], scp ?? []].flat().flatMap((each) => each.split(" "));
      expect(scopes).not.toEqual([]);
      expect((await authorizerOf("/guarded/scoped"))?.scopes).toEqual(scopes);
    });

    test("refuses a token that has expired (with the local issuer only)", async ({ skip }) => {
      const { issueToken } = stage();
      if (issueToken === undefined) return skip();
      const token = await issueToken(2);
      expect((await stage().getGuarded("/guarded", token)).status).toBe(200);
      const { exp = 0 } = decodeJwt(token);
      await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now()));
      await expectRefusal(token);
    });
  });
}

/** Claims as a function gets them: `5`, `true`, `[admin poweruser]`, `{"a":1}`, and none that is null. */
function textsOf(payload: JWTPayload): Record<string, string> {
  const textOf = (value: unknown): string => {
    if (typeof value === "string") return value;
    return Array.isArray(value) ? `[${value.map(textOf).join(" ")}]` : JSON.stringify(value);
  };
  const present = Object.entries(payload).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([name, value]) => [name, textOf(value)]));
}
