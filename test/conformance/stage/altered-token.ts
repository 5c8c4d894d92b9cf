import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { call } from "./request.ts";

/** What takes the place of a part of a token; a member that is undefined goes. */
export interface TokenChange {
  header?: object;
  payload?: object;
  signature?: string;
}

/** The token with other parts. Its signature stays unless it is among them, and so no longer fits. */
export function alterToken(token: string, change: TokenChange): string {
  const [header, payload, signature] = token.split(".");
  return [
    change.header ? encode({ ...decodeProtectedHeader(token), ...change.header }) : header,
    change.payload ? encode({ ...decodeJwt(token), ...change.payload }) : payload,
    change.signature ?? signature,
  ].join(".");
}

type Signer = (text: string) => Buffer;

/** The token with a signature of its header and payload by somebody else. */
export function signedBy(token: string, signer: Signer): string {
  const text = token.split(".").slice(0, 2).join(".");
  return `${text}.${signer(text).toString("base64url")}`;
}

/** HS256. */
export function hmac(secret: string): Signer {
  return (text) => createHmac("sha256", secret).update(text).digest();
}

/** RS256. */
export function rsa(key: KeyObject): Signer {
  return (text) => sign("sha256", Buffer.from(text), key);
}

/** ES256, with the signature in the form that JWTs have. */
export function ecdsa(key: KeyObject): Signer {
  return (text) => sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
}

/** The issuer's key that the token names, as PEM: everybody has it, so it must not do as the secret of HS256. */
export async function publicKeyOf(token: string, issuer: string): Promise<string> {
  const discovery = await call(`${issuer}/.well-known/openid-configuration`);
  const { keys } = (await call(discovery.json<{ jwks_uri: string }>().jwks_uri)).json<{ keys: JsonWebKey[] }>();
  const { kid } = decodeProtectedHeader(token);
  const key = keys.find((each) => each.kid === kid);
  if (key === undefined) throw new Error(`${issuer} has no key ${kid}`);
  return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
