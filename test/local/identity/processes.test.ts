import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type System, startSystem } from "./system.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

function run(nodeArguments: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", ...nodeArguments], {
      cwd: REPOSITORY,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended: Ended = { exitCode: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      ended.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      ended.stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ ...ended, exitCode }));
  });
}

describe("the token script", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.close());

  const runToken = (names: string[], port = new URL(system.baseUrl).port) =>
    run(["local/token.ts", ...names], { PORT: port });

  test("prints a token a line in the order asked, and nothing else", async () => {
    const { exitCode, stdout, stderr } = await runToken(["bob", "alice", "张三", "--", "-x"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^(\S+\n){4}$/);
    const usernames = stdout
      .trim()
      .split("\n")
      .map((token) => decodeJwt(token).username);
    expect(usernames).toEqual(["bob", "alice", "张三", "-x"]);
    expect(exitCode).toBe(0);
  });

  test.each([[[]], [["-x"]], [["--help"]]])("called with %j it shows its usage", async (names) => {
    const { exitCode, stdout, stderr } = await runToken(names);
    expect(stdout).toBe("");
    expect(stderr).toContain("usage: npm run -s token");
    expect(exitCode).toBe(2);
  });

  test("asks the issuer that --issuer names", async () => {
    const { exitCode, stdout } = await runToken(["--issuer", system.userPool.issuer, "alice"], "1");
    expect(decodeJwt(stdout.trim()).iss).toBe(system.userPool.issuer);
    expect(exitCode).toBe(0);
  });

  test("hands on why a name is refused", async () => {
    const { exitCode, stdout, stderr } = await runToken(["alice", "mary jane"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("usernames.1: A username has no spaces");
  });

  test("says how to start the system when nothing listens", async () => {
    const { port } = new URL(system.baseUrl);
    const other = createServer().listen(0, "localhost");
    await new Promise((resolve) => other.once("listening", resolve));
    const free = (other.address() as AddressInfo).port;
    await new Promise((resolve) => other.close(resolve));
    expect(String(free)).not.toBe(port);
    const { exitCode, stderr } = await runToken(["alice"], String(free));
    expect(stderr).toBe(`nothing listens on http://localhost:${free}: start it with npm start\n`);
    expect(exitCode).toBe(1);
  });

  test("says so when something else listens", async () => {
    const other = createServer((_request, response) => response.writeHead(404).end("nope"));
    await new Promise<void>((resolve) => other.listen(0, "localhost", resolve));
    const { exitCode, stderr } = await runToken(["alice"], String((other.address() as AddressInfo).port));
    await new Promise((resolve) => other.close(resolve));
    expect(stderr).toContain("/_local/issuer answered 404");
    expect(exitCode).toBe(1);
  });
});

test("a sign-in prints nothing on the terminal", async () => {
  const script = `
    import { signIn } from "./test/local/identity/browser.ts";
    import { startSystem } from "./test/local/identity/system.ts";
    const system = await startSystem();
    const tokens = await signIn(system, "alice");
    await system.close();
    if (!tokens.access_token) process.exitCode = 3;
  `;
  expect(await run(["--input-type=module", "--eval", script])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});
