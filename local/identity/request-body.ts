import type { KoaContextWithOIDC } from "oidc-provider";

/** Enough for a hundred long names as JSON with every character escaped. */
const BODY_BYTES_MAX = 256 * 1024;

/** The body as text. @throws an error for the caller (413) when it has more than 256 KiB */
export async function readBody(ctx: KoaContextWithOIDC): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) ctx.throw(413, `The body has more than ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
