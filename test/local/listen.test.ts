import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type ListeningServer, listen, PortTakenError, type Route } from "../../local/listen.ts";

/** `localhost` is the second only where the machine has IPv6. */
const HOSTS = ["127.0.0.1", "::1"].filter(
  (host) => networkInterfaces().lo?.some(({ address }) => address === host) ?? true,
);

const answering = (path: string): Route => ({ path, handle: (_request, response) => void response.end(path) });

describe("listen", () => {
  let server: ListeningServer;
  beforeEach(async () => {
    server = await listen(0);
  });
  afterEach(() => server.close());

  const ask = async (path: string) => {
    const response = await fetch(`${server.baseUrl}${path}`);
    return response.ok ? response.text() : response.status;
  };

  test("answers on both addresses of localhost, and 503 until it is told what to serve", async () => {
    const { port } = new URL(server.baseUrl);
    expect(await ask("/")).toBe(503);
    server.serve([answering("/*")]);
    for (const host of ["127.0.0.1", "[::1]"]) expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("/*");
  });

  test("gives a request to the first route that fits, exactly or below a path", async () => {
    server.serve([answering("/ws/@connections/*"), answering("/ws"), answering("/beta/*")]);
    expect(await ask("/ws?a=b")).toBe("/ws");
    expect(await ask("/ws/@connections/abc%3D")).toBe("/ws/@connections/*");
    expect(await ask("/ws/%40connections/abc%3D")).toBe("/ws/@connections/*");
    expect(await ask("/beta/x")).toBe("/beta/*");
    expect(await ask("/wsx")).toBe(404);
    expect(await ask("/ws/x")).toBe(404);
  });

  /** Sends bytes as they are and resolves with everything that comes back until the server closes. */
  const sendRaw = async (...parts: string[]) => {
    const socket = connect(Number(new URL(server.baseUrl).port), "127.0.0.1");
    for (const part of parts) socket.write(part);
    return text(socket);
  };
  const offer = (protocol: string, target: string) =>
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

  test("gives an upgrade to a route that takes one, and refuses others", async () => {
    const upgrade = (_request: unknown, socket: { end(text: string): void }) => socket.end("taken");
    expect(await sendRaw(offer("websocket", "/ws"))).toMatch(/^HTTP\/1\.1 503 .*"Service Unavailable"/s);
    server.serve([{ ...answering("/ws"), upgrade }, answering("/*")]);
    expect(await sendRaw(offer("WebSocket", "/ws"))).toBe("taken");
    expect(await sendRaw(offer("websocket", "/other"))).toMatch(
      /^HTTP\/1\.1 403 .*\r\n\r\n\{"message":"Forbidden"\}$/s,
    );
  });

  test("ignores the offer of another protocol, and reads on with the body and the next request", async () => {
    const echo = async (request: IncomingMessage, response: ServerResponse) => {
      const { url, headers } = request;
      response.end(`<${url} ${headers["x-name"]} ${headers.upgrade} ${await text(request)}>`);
    };
    server.serve([{ path: "/*", handle: echo }]);
    const post = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nX-Name: zo\u00c3\u00ab\r\nContent-Length: 4\r\n` +
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nbody";
    // A connection that leaks a listener for each offer is warned of after ten.
    const paths = Array.from({ length: 12 }, (_, index) => `/${index}`);
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    onTestFinished(() => void process.off("warning", note));
    const last = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const answers = await sendRaw(...paths.map(post), last);
    expect(answers.match(/<.*>/g)).toEqual([
      ...paths.map((path) => `<${path} zo\u00c3\u0083\u00c2\u00ab undefined body>`),
      "</last undefined undefined >",
    ]);
    expect(warnings).toEqual([]);
  });

  test("takes a target in absolute form, as a proxy writes it, for its path and query", async () => {
    const told = (_request: IncomingMessage, response: ServerResponse) => void response.end(`<${_request.url}>`);
    const upgrade = ({ url }: IncomingMessage, socket: { end(text: string): void }) => socket.end(`upgrade <${url}>`);
    server.serve([
      { path: "/ws/@connections/*", handle: told },
      { path: "/ws", handle: told, upgrade },
      { path: "/*", handle: told },
    ]);
    const targetOf = async (target: string) => {
      const answer = await sendRaw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      return /<.*>/.exec(answer)?.[0];
    };
    expect(await targetOf("http://localhost:3000/api/x?a=http://b/c")).toBe("</api/x?a=http://b/c>");
    expect(await targetOf("HTTPS://localhost/ws/@connections/abc%3D")).toBe("</ws/@connections/abc%3D>");
    expect(await targetOf("http://localhost?a=b")).toBe("</?a=b>");
    expect(await targetOf("http://localhost")).toBe("</>");
    for (const scheme of ["http", "ws"])
      expect(await sendRaw(offer("websocket", `${scheme}://localhost/ws?a=b`))).toBe("upgrade </ws?a=b>");
  });

  test("keeps an idle connection for 75 s", async () => {
    server.serve([answering("/*")]);
    expect((await fetch(server.baseUrl)).headers.get("keep-alive")).toBe("timeout=75");
  });

  test("while it drains waits for what is under way and what that needs, and answers 503 to the rest", async () => {
    const steps = new EventEmitter();
    const slow: Route = {
      path: "/slow",
      async handle(_request, response) {
        steps.emit("begun");
        await once(steps, "go on");
        response.end(await ask("/inner"));
      },
    };
    const upgrade = (_request: unknown, socket: { end(text: string): void }) => socket.end("taken");
    const inner = { ...answering("/inner"), servesWhileDraining: true };
    server.serve([slow, inner, { ...answering("/*"), upgrade }]);
    const begun = once(steps, "begun");
    const answer = ask("/slow");
    await begun;
    const drained = server.drain();

    let isDrained = false;
    void drained.then(() => {
      isDrained = true;
    });
    const refused = await fetch(`${server.baseUrl}/other`);
    expect([refused.status, await refused.json()]).toEqual([503, { message: "Service Unavailable" }]);
    expect(await sendRaw(offer("websocket", "/other"))).toMatch(/^HTTP\/1\.1 503 /);
    expect(isDrained).toBe(false);
    steps.emit("go on");
    expect(await answer).toBe("/inner");
    await drained;
  });

  test("waits for what is under way no longer than it is told, and then cuts it off", async () => {
    const steps = new EventEmitter();
    const begun = once(steps, "begun");
    server.serve([{ path: "/*", handle: () => void steps.emit("begun") }]);
    const cutOff = expect(ask("/")).rejects.toThrow("fetch failed");
    await begun;
    await server.drain(50);
    await server.close();
    await cutOff;
  });

  test.each(HOSTS)("says so when another program has the port on %s", async (host) => {
    const other = createServer().listen(0, host);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(listen(port)).rejects.toThrow(PortTakenError);
    await expect(listen(port)).rejects.toThrow(`Port ${port} is taken`);
    other.close();
    await once(other, "close");
    await (await listen(port)).close();
  });
});
