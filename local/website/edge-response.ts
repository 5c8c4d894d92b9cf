import { STATUS_CODES } from "node:http";
import * as v from "valibot";
import type { Answer } from "./answer.ts";
import { type Entry, groupEntries, listEntries, parseEntry, ValuesSchema } from "./edge-values.ts";

/** Source: CloudFront Developer Guide, "CloudFront Functions event structure". */
const EdgeResponseSchema = v.object({
  statusCode: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  headers: ValuesSchema,
  cookies: ValuesSchema,
  body: v.optional(
    v.union([v.string(), v.object({ encoding: v.optional(v.picklist(["text", "base64"]), "text"), data: v.string() })]),
  ),
});
export type EdgeResponse = v.InferOutput<typeof EdgeResponseSchema>;

/** @throws ValiError where it is no response */
export function parseEdgeResponse(returned: unknown): EdgeResponse {
  return v.parse(EdgeResponseSchema, returned);
}

/** The body is not part of it: a function can replace it, but never sees it. */
export function describeAnswer({ statusCode, headers }: Answer): EdgeResponse & { statusDescription: string } {
  const cookies = headers.getSetCookie().map((cookie): Entry => {
    const { name: pair, value: attributes } = parseEntry(cookie, ";");
    return { ...parseEntry(pair), ...(attributes !== "" && { attributes: attributes.trim() }) };
  });
  const others = [...headers].filter(([name]) => name !== "set-cookie").map(([name, value]) => ({ name, value }));
  return {
    statusCode,
    statusDescription: STATUS_CODES[statusCode] ?? "",
    headers: groupEntries(others),
    cookies: groupEntries(cookies),
  };
}

/** The answer that a function's response stands for; one without a body leaves the origin's, or has none. */
export function createAnswerOf({ statusCode, headers, cookies, body }: EdgeResponse, originBody?: Buffer): Answer {
  const pairs = [
    ...listEntries(headers).map(({ name, value }): [string, string] => [name, value]),
    ...listEntries(cookies).map(({ name, value, attributes }): [string, string] => [
      "set-cookie",
      attributes === undefined ? `${name}=${value}` : `${name}=${value}; ${attributes}`,
    ]),
  ];
  return { statusCode, headers: new Headers(pairs), body: bytesOf(body) ?? originBody ?? Buffer.alloc(0) };
}

function bytesOf(body: EdgeResponse["body"]): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === "string") return Buffer.from(body);
  return Buffer.from(body.data, body.encoding === "base64" ? "base64" : "utf8");
}
