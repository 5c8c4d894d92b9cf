import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export const AUDIENCE = "web-client";

/** An OpenID Connect issuer on loopback: a discovery document, a key set, and tokens signed with its keys. */
export interface Issuer {
  url: string;
  /** The paths that were fetched, in order. */
  fetched: string[];
  /** Takes over the answer to a path by returning true. */
  override?: (path: string, response: ServerResponse) => boolean;
  /** Adds a key to the set, and returns what its id signs with. */
  addKey(kid: string, algorithm?: string): Promise<CryptoKey>;
  /** A good token, except for the claims and header members given; `undefined` takes one away. */
  sign(claims?: JWTPayload, header?: { alg?: string; kid?: string | undefined; key?: CryptoKey }): Promise<string>;
  close(): void;
}

export async function startIssuer(): Promise<Issuer> {
  const privateKeys = new Map<string, CryptoKey>();
  const published: object[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    issuer.fetched.push(path);
    if (issuer.override?.(path, response)) return;
    response.end(JSON.stringify(path === "/keys" ? { keys: published } : { jwks_uri: `${issuer.url}/keys` }));
  });
  const issuer: Issuer = {
    url: await listen(server),
    fetched: [],
    async addKey(kid, algorithm = "RS256") {
      const { privateKey, publicKey } = await generateKeyPair(algorithm);
      published.push({ ...(await exportJWK(publicKey)), kid, use: "sig" });
      privateKeys.set(kid, privateKey);
      return privateKey;
    },
    async sign(claims = {}, header = {}) {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const kid = "kid" in header ? header.kid : "first";
      const key = header.key ?? privateKeys.get(kid ?? "first");
      if (key === undefined) throw new Error(`no key ${kid}`);
      const times = { iat: nowSeconds - 5, exp: nowSeconds + 60 };
      return new SignJWT({ iss: issuer.url, aud: AUDIENCE, sub: "user-1", ...times, ...claims })
        .setProtectedHeader({ alg: header.alg ?? "RS256", kid })
        .sign(key);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  await issuer.addKey("first");
  return issuer;
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}
