import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Invocation } from "../model.ts";

/** An answer to the client, before the headers that the gateway puts on every one. */
export interface HttpAnswer {
  statusCode: number;
  headers: Headers;
  body: string | Buffer;
  /** What went wrong behind an answer that says little, for the log. */
  fault?: string;
  /** The client may still be sending a request that nobody reads. */
  closesConnection?: boolean;
}

/** How the call of a function ended, seen from the API: its own integration timeout may come first. */
export type Integration = Invocation | { outcome: "integration-timed-out" };

/** "Lambda quotas": 6 MB for the result of a synchronous invocation; Lambda's error message has the exact number. */
export const RESULT_BYTES_MAX = 6_291_556;

/** The hop's own headers, which Node writes (RFC 9110, section 7.6.1); the length is counted anew. */
const NOT_THE_FUNCTIONS = /^(connection|content-length|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;
/** How much of a malformed result the log shows. */
const EXCERPT_CHARACTERS_MAX = 200;

class MalformedResult extends Error {
  override readonly name = "MalformedResult";
}

/** An answer of the gateway itself. */
export function createMessage(statusCode: number, message: string, fault?: string): HttpAnswer {
  const headers = new Headers({ "content-type": "application/json" });
  return { statusCode, headers, body: JSON.stringify({ message }), fault };
}

function createInternalError(fault: string): HttpAnswer {
  return createMessage(500, "Internal Server Error", fault);
}

/**
 * What the client gets for what the function did. Lambda's refusal for want of concurrency becomes 503, like every
 * other failure to get an answer in time; the 429 of "Throttle requests to your HTTP APIs" is the gateway's own limit.
 */
export function createAnswer(integration: Integration): HttpAnswer {
  switch (integration.outcome) {
    case "returned":
      return answerPayload(integration.payload);
    case "failed":
      return createInternalError(`the function failed: ${integration.errorType}: ${integration.errorMessage}`);
    case "timed-out":
      return createInternalError("the function timed out");
    case "throttled":
      return createMessage(503, "Service Unavailable", "the function has no concurrency left");
    case "integration-timed-out":
      return createMessage(503, "Service Unavailable", "the integration timed out; the function goes on");
  }
}

/**
 * A result with a `statusCode` is a response, any other is the body of a 200 ("Create AWS Lambda proxy integrations
 * for HTTP APIs"; live answers in aws/aws-lambda-dotnet, Tools/LambdaTestTool-v2).
 */
function answerPayload(payload: unknown): HttpAnswer {
  const text = JSON.stringify(payload ?? null);
  const length = Buffer.byteLength(text);
  if (length > RESULT_BYTES_MAX) {
    return createInternalError(`the function's result is longer than ${RESULT_BYTES_MAX} bytes: ${length}`);
  }
  if (!isObject(payload) || !("statusCode" in payload)) {
    const headers = new Headers({ "content-type": "application/json" });
    return { statusCode: 200, headers, body: typeof payload === "string" ? payload : text };
  }
  try {
    return readResponse(payload);
  } catch (error) {
    if (error instanceof MalformedResult) return createInternalError(error.message);
    throw error;
  }
}

function readResponse(result: Record<string, unknown>): HttpAnswer {
  const headers = readHeaders(result.headers ?? {}, result.cookies ?? []);
  if (!headers.has("content-type")) headers.set("content-type", "text/plain; charset=utf-8");
  const body = result.body ?? "";
  if (typeof body !== "string") throw malformed("body", "a string", body);
  return {
    statusCode: readStatusCode(result.statusCode),
    headers,
    body: result.isBase64Encoded === true ? Buffer.from(body, "base64") : body,
  };
}

/** 1xx is no final status, so that a client would go on waiting. */
function readStatusCode(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 200 && value <= 599) return value;
  throw malformed("statusCode", "an integer from 200 to 599", value);
}

function readHeaders(fields: unknown, cookies: unknown): Headers {
  if (!isObject(fields)) throw malformed("headers", "an object", fields);
  if (!Array.isArray(cookies)) throw malformed("cookies", "a list", cookies);
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && !NOT_THE_FUNCTIONS.test(name.toLowerCase())) setHeader(headers, name, value);
  }
  for (const cookie of cookies) setHeader(headers, "set-cookie", cookie);
  return headers;
}

function setHeader(headers: Headers, name: string, value: unknown): void {
  if (!["string", "number", "boolean"].includes(typeof value)) throw malformed(`header "${name}"`, "a string", value);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
  } catch (cause) {
    throw new MalformedResult(`the function's result has a header that can't be sent: ${excerpt([name, value])}`, {
      cause,
    });
  }
  headers.append(name, String(value));
}

function malformed(member: string, expected: string, got: unknown): MalformedResult {
  return new MalformedResult(
    `the function's result is malformed: ${member}: expected ${expected}, got ${excerpt(got)}`,
  );
}

function excerpt(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, EXCERPT_CHARACTERS_MAX);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
