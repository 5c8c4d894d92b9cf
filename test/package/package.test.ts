import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { synthesize } from "../../local/synthesize.ts";
import { PROJECT } from "../app/process.ts";
import { startSystem } from "../app/system.ts";

const EXAMPLE = join(PROJECT, "examples/support-desk");

/** Another project, which has installed the package; what that needs, it has from here. */
let consumer = "";
beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), "duet-package-"));
  consumer = join(directory, "consumer");
  const tarball = node(PROJECT, "--import", "tsx", "bin/package.ts", "--out", directory).trim();
  const modules = join(consumer, "node_modules");
  mkdirSync(join(modules, "duet"), { recursive: true });
  execFileSync("tar", ["xzf", tarball, "-C", join(modules, "duet"), "--strip-components", "1"]);
  for (const name of readdirSync(join(PROJECT, "node_modules")))
    if (!name.startsWith(".")) symlinkSync(join(PROJECT, "node_modules", name), join(modules, name));
  writeFileSync(join(consumer, "package.json"), '{ "name": "shop", "type": "module" }');
});
afterAll(() => rmSync(join(consumer, ".."), { recursive: true }));

const node = (directory: string, ...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: directory, encoding: "utf8" });

const withoutHashes = (outDirectory: string) =>
  readFileSync(join(outDirectory, "SupportDesk.template.json"), "utf8").replaceAll(/[0-9a-f]{64}/g, "HASH");

test("the construct makes the same stack in another project, run by Node alone", { timeout: 120_000 }, async () => {
  const { code } = transformSync(readFileSync(join(EXAMPLE, "app.ts"), "utf8"), { loader: "ts" });
  writeFileSync(join(consumer, "app.js"), code);
  const { app: _, ...settings } = JSON.parse(readFileSync(join(EXAMPLE, "cdk.json"), "utf8"));
  writeFileSync(join(consumer, "cdk.json"), JSON.stringify({ ...settings, app: "node app.js" }));
  const options = { inputs: ["cdk.json"], context: {}, cacheDirectory: join(consumer, "synth") };
  const here = await synthesize({ ...options, projectDirectory: EXAMPLE });
  const there = await synthesize({ ...options, projectDirectory: consumer });
  expect(there).not.toBe(here);
  expect(withoutHashes(there)).toBe(withoutHashes(here));
});

test("the chat page comes with the construct", { timeout: 120_000 }, () => {
  const app = `
    import { App, Stack } from "aws-cdk-lib";
    import { PrivateMessaging } from "duet/cdk";
    const app = new App({ outdir: "page" });
    new PrivateMessaging(new Stack(app, "Chat"), "Messaging", { website: true });
    app.synth();`;
  writeFileSync(join(consumer, "page.js"), app);
  node(consumer, "page.js");
  const files = readdirSync(join(consumer, "page"), { recursive: true, encoding: "utf8" });
  const page = files.find((name) => /^asset\.\w+\/index\.html$/.test(name)) ?? "";
  const html = readFileSync(join(consumer, "page", page), "utf8");
  const assets = [...html.matchAll(/"\/(assets\/main-[A-Z0-9]+\.(?:js|css))"/g)].map(([, path = ""]) => path);
  expect(assets).toHaveLength(2);
  for (const asset of assets)
    expect(readFileSync(join(consumer, "page", page, "..", asset), "utf8").length).toBeGreaterThan(5_000);
});

test("the client library sends from another project, run by Node alone", { timeout: 60_000 }, async () => {
  const system = await startSystem({ dynamoDb: "dynalite" });
  try {
    const [ann, ben] = [await system.user("ann"), await system.user("ben")];
    await ben.conversations();
    const script = `
      import { createClient } from "duet/client";
      import { fileStorage } from "duet/client/node";
      import { WebSocket } from "ws";
      const [url, token] = process.argv.slice(2);
      const client = createClient({ url, token: () => token, WebSocket, storage: fileStorage({ directory: "state" }) });
      const { seq, state } = await client.conversation("ben").send("from the shop");
      console.log(seq, state);
      await client.close();`;
    writeFileSync(join(consumer, "send.js"), script);
    const args = ["send.js", system.runtime.baseUrl, ann.token];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: consumer });
    expect(stdout).toBe("1 sent\n");
    expect((await ben.messages("ann")).body.messages).toMatchObject([{ seq: 1, text: "from the shop" }]);
  } finally {
    await system.close();
  }
});

test("its types are those of the sources, for a project that is strict about them", { timeout: 60_000 }, () => {
  const program = `
    import { App, Stack } from "aws-cdk-lib";
    import { PrivateMessaging, type PrivateMessagingProps } from "duet/cdk";
    import { type ChatMessage, createClient } from "duet/client";
    import { indexedDbStorage } from "duet/client/browser";
    import { fileStorage } from "duet/client/node";
    const props: PrivateMessagingProps = { website: true, limits: { messagesPerBurst: 5, newPeersPerHour: null } };
    export const { apiUrl } = new PrivateMessaging(new Stack(new App(), "Chat"), "Messaging", props);
    const storage = Math.random() < 0.5 ? indexedDbStorage() : fileStorage({ directory: "state" });
    const client = createClient({ url: apiUrl, token: async () => "", storage });
    export const texts: string[] = client.conversation("bob").messages.map(({ text }: ChatMessage) => text);
    // @ts-expect-error a number is no token
    createClient({ url: apiUrl, token: 1 });`;
  writeFileSync(join(consumer, "types.ts"), program);
  const options = "--noEmit --strict --module nodenext --target es2022 --types node --lib es2023,dom,esnext.disposable";
  const tsc = join(PROJECT, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(tsc, [...options.split(" "), "types.ts"], { cwd: consumer, encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("an option that there is not is said in one line", () => {
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "bin/package.ts", "--to", "x"], {
    cwd: PROJECT,
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^Unknown option '--to'.*\n$/);
});
