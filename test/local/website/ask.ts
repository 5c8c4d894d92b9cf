import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";

/** Sends the target as it is, where `fetch` would tidy it up. */
export type Ask = (
  target: string,
  init?: { method?: string; headers?: Record<string, string>; body?: string },
) => Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>;

export function createAsk(baseUrl: string): Ask {
  const { port } = new URL(baseUrl);
  return async (target, { method = "GET", headers = {}, body } = {}) => {
    const sent = request({ host: "127.0.0.1", port, path: target, method, headers }).end(body);
    const [response] = await once(sent, "response");
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };
}
