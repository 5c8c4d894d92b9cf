import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Client, createClient } from "../../client/index.ts";
import { startSystem } from "../app/system.ts";
import { startPeople } from "./people.ts";

// A browser takes seconds on a quiet machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** Nothing listens there: the browser is handed the page. */
const TOLD = "http://localhost:4173";
const NOT_TOLD = "http://localhost:4174";

let script = "";
let system: Awaited<ReturnType<typeof startSystem>>;
let people: Awaited<ReturnType<typeof startPeople>>;
beforeAll(async () => {
  system = await startSystem({ dynamoDb: "dynalite", context: { webUrls: `${TOLD}/` } });
  people = await startPeople(() => system.runtime.baseUrl);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../client/index.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "duet",
  });
  script = outputFiles[0]?.text ?? "";
});
afterEach(async () => {
  await people.leave();
});
afterAll(async () => {
  await people?.close();
  await system?.close();
});

/** A page of somebody else's, with Duet's client library in it. */
async function pageAt(origin: string): Promise<Page> {
  const { page, context } = await people.person("ann");
  // A page that comes from nowhere has to be allowed to ask this machine for anything; older browsers know nothing of it.
  await context.grantPermissions(["local-network-access"]).catch(() => undefined);
  await page.route(`${origin}/`, (route) => route.fulfill({ contentType: "text/html", body: "<title>shop</title>" }));
  await page.goto(`${origin}/`);
  // As long as anything is held back, the browser's preflights are answered by nobody but the one who holds it.
  await page.unrouteAll();
  await page.addScriptTag({ content: script });
  return page;
}

test("[R1] [P2] the client library sends and receives on a page of an origin that the stack was told of", async () => {
  const ben = await system.user("ben");
  await ben.conversations();
  const page = await pageAt(TOLD);
  const { token } = await system.user("ann");
  const sent = await page.evaluate(
    async ([url, accessToken]) => {
      const scope = globalThis as unknown as { duet: { createClient: typeof createClient }; client: Client };
      scope.client = scope.duet.createClient({ url, token: () => accessToken });
      const withBen = scope.client.conversation("ben");
      const { seq, state } = await withBen.send("from the shop");
      return { seq, state };
    },
    [system.runtime.baseUrl, token] as const,
  );
  expect(sent).toEqual({ seq: 1, state: "sent" });
  await page.waitForFunction(() => (globalThis as unknown as { client: Client }).client.status === "online");
  expect((await ben.send("ann", { text: "to the shop" })).body.delivered).toBe(1);
  await page.waitForFunction(
    () => (globalThis as unknown as { client: Client }).client.conversation("ben").messages[1]?.text === "to the shop",
  );
  // Now that it has a socket, it names it.
  const { seq } = await page.evaluate(() =>
    (globalThis as unknown as { client: Client }).client.conversation("ben").send("from the socket's page"),
  );
  expect(seq).toBe(3);
});

test("a page of any other origin gets no answer of the API, with a token or without", async () => {
  const { token } = await system.user("ann");
  const ask = (page: Page) =>
    page.evaluate(
      ([url, accessToken]) =>
        fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${accessToken}` } }).then(
          ({ status }) => status,
          (error: Error) => error.name,
        ),
      [system.runtime.baseUrl, token] as const,
    );
  expect(await ask(await pageAt(TOLD))).toBe(200);
  expect(await ask(await pageAt(NOT_TOLD))).toBe("TypeError");
});
