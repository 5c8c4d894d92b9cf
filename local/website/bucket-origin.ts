import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ObjectModel } from "../model.ts";
import { type Answer, createAnswer } from "./answer.ts";

/** The part of a request that a bucket looks at. */
export interface ObjectRequest {
  method: string;
  /** Percent-encoded, without the query string. */
  path: string;
  ifNoneMatch?: string;
}

/**
 * Answers as S3 does to CloudFront, which may get objects and nothing more: so what is not there is forbidden, as it
 * cannot be told from what is (S3 API Reference, `GetObject`). Only keys of the bucket are looked up, never paths.
 */
export async function answerFromBucket(
  objects: ReadonlyMap<string, ObjectModel>,
  { method, path, ifNoneMatch }: ObjectRequest,
): Promise<Answer> {
  const key = decodeKey(path);
  if (key === undefined) return createError(400, "InvalidURI", "Couldn't parse the specified URI.");
  const object = method === "GET" || method === "HEAD" ? objects.get(key) : undefined;
  if (object === undefined) return createError(403, "AccessDenied", "Access Denied");

  const { content } = object;
  const body = "bytes" in content ? content.bytes : await readFile(content.file);
  // Of an object that was uploaded whole, it is the digest of the bytes (S3 API Reference, `Object`).
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  const headers = new Headers({ ...object.headers, etag });
  if (!matches(ifNoneMatch, etag)) return { statusCode: 200, headers, body };
  headers.delete("content-type");
  return { statusCode: 304, headers, body: Buffer.alloc(0) };
}

function decodeKey(path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(1));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** The comparison is weak (RFC 9110, section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

function createError(statusCode: number, code: string, message: string): Answer {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return createAnswer(statusCode, "application/xml", `<?xml version="1.0" encoding="UTF-8"?>\n${error}`);
}
