import type { IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { type EdgeResponse, parseEdgeResponse } from "./edge-response.ts";
import { type Entry, groupEntries, joinEntries, listEntries, parseEntry, ValuesSchema } from "./edge-values.ts";

/** Source: CloudFront Developer Guide, "CloudFront Functions event structure". */
const EdgeRequestSchema = v.object({
  uri: v.pipe(v.string(), v.startsWith("/", "expected a uri that begins with /")),
  querystring: ValuesSchema,
  headers: ValuesSchema,
  cookies: ValuesSchema,
});
export type EdgeRequest = v.InferOutput<typeof EdgeRequestSchema> & { method: string };

/** The connection's own, which no function gets to see ("Restrictions on all edge functions"). */
const HIDDEN_HEADERS = new Set(["connection", "expect", "keep-alive", "proxy-connection", "trailer", "upgrade"]);

export function describeRequest({ url = "/", method = "", rawHeaders }: IncomingMessage): EdgeRequest {
  const { name: uri, value: query } = parseEntry(url, "?");
  const headers = rawHeaders
    .flatMap((name, index): Entry[] =>
      index % 2 === 0 ? [{ name: name.toLowerCase(), value: rawHeaders[index + 1] ?? "" }] : [],
    )
    .filter(({ name }) => !HIDDEN_HEADERS.has(name));
  const cookies = headers.filter(({ name }) => name === "cookie").flatMap(({ value }) => value.split("; "));
  return {
    method,
    uri,
    querystring: groupEntries(query === "" ? [] : query.split("&").map((part) => parseEntry(part))),
    headers: groupEntries(headers.filter(({ name }) => name !== "cookie")),
    cookies: groupEntries(cookies.map((cookie) => parseEntry(cookie))),
  };
}

/** What a viewer request function returns: the request to go on with, or the response in its place. */
export function parseVerdict(returned: unknown): { response: EdgeResponse } | { request: Omit<EdgeRequest, "method"> } {
  const isResponse = typeof returned === "object" && returned !== null && "statusCode" in returned;
  return isResponse ? { response: parseEdgeResponse(returned) } : { request: v.parse(EdgeRequestSchema, returned) };
}

/** Changes the request to what the function made of it. What it left as it was keeps every byte. */
export function changeRequest(request: IncomingMessage, changed: Omit<EdgeRequest, "method">): void {
  const original = describeRequest(request);
  const isSameQuery = isDeepStrictEqual(listEntries(changed.querystring), listEntries(original.querystring));
  const query = isSameQuery ? parseEntry(request.url ?? "/", "?").value : joinEntries(changed.querystring, "&");
  request.url = query === "" ? changed.uri : `${changed.uri}?${query}`;

  const headers = headersOf(changed);
  if (isDeepStrictEqual(headers, headersOf(original))) return;
  request.rawHeaders = headers.flatMap(({ name, value }) => [name, value]);
  request.headers = Object.fromEntries(new Headers(headers.map(({ name, value }) => [name, value])));
}

function headersOf({ headers, cookies }: Omit<EdgeRequest, "method">): Entry[] {
  const cookie = joinEntries(cookies, "; ");
  return [...listEntries(headers), ...(cookie === "" ? [] : [{ name: "cookie", value: cookie }])];
}
