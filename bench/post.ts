import { type Agent, request } from "node:http";

export interface Answer {
  status: number;
  body: string;
}

export interface Request {
  url: string;
  /** Default GET. */
  method?: string;
  token: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One HTTP request of a signed-in user, on a socket that is kept. `fetch` would take twice the processor. */
export function call(agent: Agent, { url, method = "GET", token, body, headers = {} }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, agent, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The same, for what has to be answered by success. */
export async function ask<Body>(agent: Agent, options: Request): Promise<Body> {
  const { status, body } = await call(agent, options);
  if (status >= 300) throw new Error(`${options.method ?? "GET"} ${options.url} was answered ${status}: ${body}`);
  return JSON.parse(body) as Body;
}
