import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

  test("gives an upgrade to a route that takes one, and refuses others", async () => {
    const { port } = new URL(server.baseUrl);
    const upgrade = (_request: unknown, socket: { end(text: string): void }) => socket.end("taken");
    server.serve([{ ...answering("/ws"), upgrade }, answering("/*")]);
    const answerTo = async (path: string) => {
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    expect(await answerTo("/ws")).toBe("taken");
    expect(await answerTo("/other")).toMatch(/^HTTP\/1\.1 403 /);
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
