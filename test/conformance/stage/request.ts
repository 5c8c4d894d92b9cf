import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** For an answer to come, on a machine that has more to do. */
const ANSWER_MS_MAX = 30_000;

export interface Answer {
  status: number;
  /** The value of `set-cookie` is a list, one for each header. */
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  /** The body, which has to be JSON. */
  json: <Shape = Record<string, unknown>>() => Shape;
}

export interface CallOptions {
  method?: string;
  /** A list makes one header of each of its values. */
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
}

/**
 * Makes one HTTP request. `fetch` would not do: it forbids some headers, joins those that are repeated, and changes
 * the path, which goes out here exactly as it is written.
 */
export function call(url: string, { method = "GET", headers = {}, body }: CallOptions = {}): Promise<Answer> {
  const [, scheme, authority = "", path] = /^(https?):\/\/([^/?]+)(.*)$/.exec(url) ?? [];
  const { hostname, port } = new URL(`${scheme}://${authority}`);
  const send = scheme === "https" ? requestHttps : requestHttp;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const request = send(
      {
        hostname,
        port,
        path: path || "/",
        method,
        headers: { ...length, ...headers },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          const { statusCode = 0 } = response;
          resolve({ status: statusCode, headers: response.headers, bytes, text, json: () => JSON.parse(text) });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}
