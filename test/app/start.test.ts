import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { synthesizeDuet } from "../../bin/run-duet.ts";
import { descendants, freePort, left, processOf, run } from "./process.ts";
import { openSocket } from "./system.ts";

type Command = ReturnType<typeof run>;
const started: Command[] = [];
afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  }
});

/** `npm start`, as a person in a terminal has it. */
function npmStart(port: number, ...args: string[]): Command {
  const command = run("npm", ["start", "--", ...args], { PORT: String(port) });
  started.push(command);
  return command;
}

/** What `npm start` runs, without npm in between. */
function start(args: string[], environment: NodeJS.ProcessEnv): Command {
  const command = run(process.execPath, ["--import", "tsx", "bin/start.ts", ...args], environment);
  started.push(command);
  return command;
}

async function bash(script: string): Promise<string> {
  const command = run("bash", ["-c", script]);
  await command.exited;
  return command.output();
}

/** The line that the first screen offers for pasting. */
function curlLine(output: string): string {
  const [, line] = /^ {2}Try +(curl .*)$/m.exec(output) ?? [];
  if (line === undefined) throw new Error(`There is no curl line in:\n${output}`);
  return line;
}

/** Sends a signal to the command's process group, as a terminal does, or SIGTERM to the command alone. */
async function end(
  command: Command,
  signal: "SIGINT" | "SIGTERM" | "SIGHUP",
): Promise<{ exit: number | string; alive: number[] }> {
  const all = descendants(command.child);
  // At least the command, storage and what ends it with the command; a function's process only where one was called.
  expect(all.length).toBeGreaterThanOrEqual(3);
  if (signal !== "SIGTERM") process.kill(-(command.child.pid ?? 0), signal);
  else command.child.kill(signal);
  return { exit: await command.exited, alive: await left(all) };
}

describe("npm start", { timeout: 180_000 }, () => {
  test("gets to ready with a line that works when pasted, ends whole on ctrl-C, and has its messages when started again", async () => {
    const data = mkdtempSync(join(tmpdir(), "duet-data-"));
    const port = await freePort();
    const first = npmStart(port, "--data", data);
    const screen = await first.printed(/^Started in /m);
    expect(screen).toContain(`Duet is ready on http://localhost:${port}`);
    expect(screen).toContain("alice and bob");
    expect(JSON.parse(await bash(curlLine(screen)))).toMatchObject({ message: { seq: 1, text: "hi bob" } });
    const token = (await bash(`PORT=${port} npm run -s token -- bob`)).trim().split("\n").at(-1) ?? "";
    const { closed } = await openSocket(`http://localhost:${port}`, ["duet.v1", `bearer.${token}`]);
    expect((await end(first, "SIGINT")).alive).toEqual([]);
    expect(await closed).toBe(1001);
    expect(readdirSync(data).sort()).toEqual(["dynamodb", "identity"]);
    expect(readdirSync(join(data, "dynamodb"))).toEqual(["dynamodb-local"]);

    const second = npmStart(port, "--data", data);
    await second.printed(/^Started in /m);
    expect(JSON.parse(await bash(curlLine(screen)))).toMatchObject({ message: { seq: 2 } });
    const messages = await fetch(`http://localhost:${port}/api/conversations/alice/messages`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await messages.json()).toMatchObject({ messages: [{ seq: 1 }, { seq: 2 }], lastSeq: 2 });
    expect((await end(second, "SIGTERM")).alive).toEqual([]);
    rmSync(data, { recursive: true });
  });

  test("with --in-memory keeps nothing, with --quiet names no invocation, and without Java says that dynalite takes its place", async () => {
    const port = await freePort();
    const bin = mkdtempSync(join(tmpdir(), "duet-bin-"));
    symlinkSync(process.execPath, join(bin, "node"));
    for (const time of [1, 2]) {
      const isQuiet = time === 2;
      const args = ["--in-memory", ...(isQuiet ? ["--quiet"] : [])];
      const command = start(args, { PORT: String(port), PATH: bin, JAVA_HOME: "" });
      const screen = await command.printed(/^Started in /m);
      expect(screen).toMatch(/^ {2}Data +dynalite.*memory.*Java/m);
      expect([time, JSON.parse(await bash(curlLine(screen))).message.seq]).toEqual([time, 1]);
      expect(await end(command, time === 1 ? "SIGINT" : "SIGHUP")).toEqual({ exit: 0, alive: [] });
      expect(command.output().includes("REPORT RequestId")).toBe(!isQuiet);
    }
    rmSync(bin, { recursive: true });
  });

  test.each([
    ["--idle-timeout", "is silent"],
    ["--max-life", "says something all the time"],
  ])("with %s closes a socket that %s, and with --chaos says at the end what was made to fail", async (option) => {
    const chaos = join(mkdtempSync(join(tmpdir(), "duet-chaos-")), "chaos.json");
    writeFileSync(chaos, JSON.stringify({ dropDisconnect: 1 }));
    const port = await freePort();
    const args = ["--in-memory", "--dynamodb", "dynalite", option, "1.5", "--chaos", chaos];
    const command = start(args, { PORT: String(port) });
    await command.printed(/^Started in /m);
    const token = (await bash(`PORT=${port} npm run -s token -- bob`)).trim();
    const socket = await openSocket(`http://localhost:${port}`, ["duet.v1", `bearer.${token}`]);
    const talking = setInterval(() => {
      // The last may find the socket closed.
      if (option === "--max-life") socket.ask({ action: "sync" }, "synced").catch(() => undefined);
    }, 300);
    expect(await socket.closed).toBe(1001);
    clearInterval(talking);
    expect((await end(command, "SIGINT")).exit).toBe(0);
    expect(command.output()).toMatch(/^Faults: 1 dropDisconnect$/m);
  });

  test("ends at once on ctrl-C while it is still starting", async () => {
    const command = start(["--in-memory"], { PORT: String(await freePort()) });
    await expect.poll(() => descendants(command.child).length, { timeout: 20_000 }).toBeGreaterThan(1);
    const all = descendants(command.child);
    command.child.kill("SIGINT");
    await command.exited;
    expect(command.output()).not.toContain("Duet is ready");
    expect(await left(all)).toEqual([]);
  });

  test("leaves nothing behind when it is killed", async () => {
    const command = start(["--in-memory"], { PORT: String(await freePort()) });
    await command.printed(/^Started in /m);
    const all = descendants(command.child);
    expect(all.length).toBeGreaterThan(2);
    command.child.kill("SIGKILL");
    await command.exited;
    expect(await left(all)).toEqual([]);
  });

  test("ends, whole, when storage ends by itself", async () => {
    const command = start(["--in-memory", "--dynamodb", "dynalite"], {
      PORT: String(await freePort()),
    });
    await command.printed(/^Started in /m);
    const all = descendants(command.child);
    process.kill(processOf("dynalite-server", all), "SIGKILL");
    expect(await command.exited).toBe(1);
    expect(command.output()).toMatch(/dynalite.* ended by itself/);
    expect(await left(all)).toEqual([]);
  });

  test("says so when the port is taken, and starts nothing", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const command = npmStart(port, "--in-memory");
    expect(await command.exited).toBe(1);
    expect(command.output()).toContain(`Port ${port} is taken by another program`);
    other.close();
  });

  test.each([
    [["--port", "70000"], /A port is a whole number from 0 to 65535; got "70000"/],
    [["--prot", "1"], /'--prot'/],
    [["--dynamodb", "mysql"], /--dynamodb takes java, dynalite or .*got "mysql"/],
    [["--dynamodb", "http://127.0.0.1:9"], /127\.0\.0\.1:9/],
    [["--idle-timeout", "0"], /--idle-timeout takes seconds, more than 0 and at most 86400; got "0"/],
    [["--max-life", "2h"], /--max-life takes seconds, more than 0 and at most 86400; got "2h"/],
    [["--chaos", "nowhere.json"], /The chaos file nowhere\.json cannot be read: ENOENT/],
    [["-c", "issuer"], /-c takes KEY=VALUE; got "issuer"/],
    [["-c", "issuer=https://login.example.com"], /-c issuer=… needs -c audience=…/],
  ])("says what is wrong with %j", async (args, message) => {
    const command = start(["--port", "0", "--in-memory", ...args], {});
    expect(await command.exited).toBe(1);
    expect(command.output()).toMatch(message);
  });
});

describe("the runtime by itself", { timeout: 180_000 }, () => {
  const serve = (...args: string[]) => {
    const command = run(process.execPath, ["--import", "tsx", "local/start.ts", ...args]);
    started.push(command);
    return command;
  };

  test("serves what cdk synth has written, says where, and ends whole", async () => {
    const outDirectory = await synthesizeDuet();
    const command = serve(outDirectory, "--in-memory", "--port", "0", "--quiet");
    const screen = await command.printed(/^Serving .* on (\S+), .*\n( {2}\w+ = .*\n)+/m);
    const [, baseUrl = ""] = /^Serving .* on (\S+), /m.exec(screen) ?? [];
    expect((await fetch(`${baseUrl}/api/me`)).status).toBe(401);
    expect(await end(command, "SIGINT")).toEqual({ exit: 0, alive: [] });
  });

  test.each([
    [["nowhere"], /nowhere/],
    [[], /One folder is served; got 0/],
    [["a", "b"], /One folder is served; got 2/],
  ])("says what is wrong with %j", async (args, message) => {
    const command = serve(...args, "--in-memory", "--dynamodb", "dynalite", "--port", "0");
    expect(await command.exited).toBe(1);
    expect(command.output()).toMatch(message);
  });
});
