import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import * as v from "valibot";
import { makePrivateDirectory } from "../private-directory.ts";

const PrivateRsaJwk = v.object({
  kty: v.literal("RSA"),
  alg: v.literal("RS256"),
  use: v.literal("sig"),
  kid: v.string(),
  n: v.string(),
  e: v.string(),
  d: v.string(),
  p: v.string(),
  q: v.string(),
  dp: v.string(),
  dq: v.string(),
  qi: v.string(),
});

/** An RSA private key of 2048 bits as a JWK, named by its RFC 7638 thumbprint. */
export type SigningKey = v.InferOutput<typeof PrivateRsaJwk>;

/**
 * The key that signs every token of a pool. It is kept in `file`, which only its owner may read, so
 * that tokens outlive a restart; without a file it is made anew.
 *
 * @throws Error when the file is there but holds no such key
 */
export async function loadSigningKey(file?: string): Promise<SigningKey> {
  if (file === undefined) return generateSigningKey();
  const stored = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stored !== undefined) return parseSigningKey({ file, stored });
  const key = await generateSigningKey();
  makePrivateDirectory(dirname(file));
  // The rename makes sure that a crash leaves the whole key or none: half of one would have to be deleted by hand.
  await writeFile(`${file}.new`, JSON.stringify(key), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return key;
}

async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  return v.parse(PrivateRsaJwk, { ...jwk, alg: "RS256", use: "sig", kid: await calculateJwkThumbprint(jwk) });
}

function parseSigningKey({ file, stored }: { file: string; stored: string }): SigningKey {
  try {
    return v.parse(PrivateRsaJwk, JSON.parse(stored));
  } catch (cause) {
    throw new Error(`${file} holds no RS256 signing key: delete it to have a new one made.`, { cause });
  }
}
