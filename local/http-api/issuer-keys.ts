import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";

/** "Quotas for configuring and running an HTTP API": one request to the issuer, and the size of its key set. */
const ISSUER_TIMEOUT_MS = 1_500;
const ISSUER_DOCUMENT_BYTES_MAX = 150_000;
/** "Control access to HTTP APIs with JWT authorizers": API Gateway can cache a public key for two hours. */
const KEYS_CACHED_MS = 2 * 60 * 60 * 1000;
/** How long after a fetch a token with an unknown key id causes no other, so that made-up ids can't flood the issuer. */
const KEYS_REFETCH_COOLDOWN_MS = 30_000;

const LOOPBACK_HOST = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Finds the issuer's key for the header of a token, by way of the discovery document and its `jwks_uri`, which are
 * fetched at the first token. A failed discovery is not remembered: the next token tries again. Rejects when the
 * issuer can't be reached or has no such key.
 *
 * Throws when the issuer is not a `https:` URL; `http:` is accepted on a loopback host, for an issuer that runs here.
 */
export function createIssuerKeys(issuer: string, cooldownMs = KEYS_REFETCH_COOLDOWN_MS): JWTVerifyGetKey {
  const discoveryUrl = parseIssuerUrl(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  let keys: Promise<JWTVerifyGetKey> | undefined;

  async function discover(): Promise<JWTVerifyGetKey> {
    const signal = AbortSignal.timeout(ISSUER_TIMEOUT_MS);
    const response = await fetchDocument("OIDC discovery endpoint", discoveryUrl.href, { signal, redirect: "manual" });
    const document: unknown = await response.json();
    const jwksUri = typeof document === "object" && document && "jwks_uri" in document && document.jwks_uri;
    return createRemoteJWKSet(parseIssuerUrl(String(jwksUri)), {
      timeoutDuration: ISSUER_TIMEOUT_MS,
      cacheMaxAge: KEYS_CACHED_MS,
      cooldownDuration: cooldownMs,
      [customFetch]: (url, init) => fetchDocument("JWKS", url, init),
    });
  }

  return async (header, token) => {
    keys ??= discover().catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return (await keys)(header, token);
  };
}

function parseIssuerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK_HOST.test(url.hostname))) return url;
  throw new Error(`JWT authorizer: expected a URL of https, or of http on a loopback host, got "${text}"`);
}

/** `subject` opens the message that API Gateway has for what can't be fetched; the cause says what happened. */
async function fetchDocument(subject: string, url: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, init);
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    return new Response(await readLimited(response));
  } catch (cause) {
    throw new Error(`${subject} communication error`, { cause });
  }
}

async function readLimited(response: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ISSUER_DOCUMENT_BYTES_MAX) {
      throw new Error(`${response.url} is longer than ${ISSUER_DOCUMENT_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
