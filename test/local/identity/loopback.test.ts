import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refuseUnlessLoopback } from "../../../local/identity/loopback.ts";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.close());

/** fetch does not let its caller choose the Host header. */
function get(path: string, host: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(system.baseUrl);
    const options = { hostname, port, path, headers: { host, accept: "application/json" } };
    request(options, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, text });
    })
      .on("error", reject)
      .end();
  });
}

describe.each([
  ["the issuer", "/_local/issuer/local_Pool1/.well-known/openid-configuration"],
  ["the list of issuers", "/_local/issuer"],
])("%s", (_name, path) => {
  test.each(["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000"])("is served as %s", async (host) => {
    expect((await get(path, host)).status).toBe(200);
  });

  test.each(["evil.example", "localhost.evil.example:3000", "evil@localhost", "192.168.1.2:3000", "127.0.0.1.nip.io"])(
    "is not served as %s",
    async (host) => {
      const { status, text } = await get(path, host);
      expect(status).toBe(403);
      expect(JSON.parse(text).error).toContain(`not as "${host}"`);
    },
  );
});

test.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["192.168.1.2", false],
  ["::ffff:192.168.1.2", false],
  ["fe80::1", false],
  [undefined, false],
])("a request from %s is served: %s", (remoteAddress, served) => {
  const incoming = { socket: { remoteAddress }, headers: { host: "localhost:3000" } } as IncomingMessage;
  expect(refuseUnlessLoopback(incoming) === undefined).toBe(served);
});
