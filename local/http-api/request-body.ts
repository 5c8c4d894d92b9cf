import type { IncomingMessage } from "node:http";

/** "Quotas for configuring and running an HTTP API": payload size, not adjustable. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;

export type RequestBody = { outcome: "read"; bytes: Buffer } | { outcome: "too-large" } | { outcome: "aborted" };

/**
 * Reads the body, of at most `BODY_BYTES_MAX` bytes. A longer one is given up at the first byte too many, before any
 * is read where its length was announced; what it still sends is left in the socket for the caller to discard.
 */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) return { outcome: "too-large" };
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Left to itself, leaving the loop early would destroy the request, and the rest could not be discarded.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > BODY_BYTES_MAX) return { outcome: "too-large" };
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.destroyed) return { outcome: "aborted" };
    throw error;
  }
  return { outcome: "read", bytes: Buffer.concat(chunks, length) };
}
