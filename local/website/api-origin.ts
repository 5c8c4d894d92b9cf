import { type IncomingMessage, ServerResponse } from "node:http";
import { findRoute, type Route } from "../listen.ts";
import { type Answer, createAnswer } from "./answer.ts";

/** Lets an API answer a request. Resolves with nothing when the client went away before it had sent everything. */
export async function answerFromApi(routes: readonly Route[], request: IncomingMessage): Promise<Answer | undefined> {
  const route = findRoute(routes, request.url);
  if (route === undefined) {
    // What the addresses of WebSocket APIs and of HTTP APIs answer where there is no such stage.
    const [statusCode, message] = routes.some(({ upgrade }) => upgrade) ? [403, "Forbidden"] : [404, "Not Found"];
    return createAnswer(Number(statusCode), "application/json", JSON.stringify({ message }));
  }
  const captured = new CapturedResponse(request);
  await route.handle(request, captured);
  return captured.answer();
}

/** Keeps what is written to it, and sends nothing. */
class CapturedResponse extends ServerResponse {
  #statusCode = 200;
  readonly #headers = new Headers();
  readonly #chunks: Buffer[] = [];
  #hasEnded = false;

  answer(): Answer | undefined {
    if (!this.#hasEnded) return undefined;
    return { statusCode: this.#statusCode, headers: this.#headers, body: Buffer.concat(this.#chunks) };
  }

  /** The headers as an object, or as names and values by turns, in which a name may be there twice. */
  override writeHead(statusCode: number, ...rest: unknown[]): this {
    this.#statusCode = statusCode;
    const given = rest.at(-1);
    const flat: unknown[] = Array.isArray(given) ? given : Object.entries(given ?? {}).flat();
    for (let index = 0; index + 1 < flat.length; index += 2)
      this.#headers.append(String(flat[index]), String(flat[index + 1]));
    return this;
  }

  override write(chunk: unknown): boolean {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) this.#chunks.push(Buffer.from(chunk));
    return true;
  }

  override end(...[chunk]: unknown[]): this {
    this.write(chunk);
    this.#hasEnded = true;
    return this;
  }
}
