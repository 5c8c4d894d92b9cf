import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { dynamoDbLocal } from "../../../local/dynamodb/engines.ts";
import { createTables } from "../../../local/dynamodb/tables.ts";
import { documentsAt, isRunning, NOTES, start, temporaryDirectory } from "./fixture.ts";

// A JVM that starts while every core is busy needs its time.
vi.setConfig({ testTimeout: 120_000 });

const ITEM = { owner: "zoë", number: 1, text: "hello" };
const KEY = { owner: ITEM.owner, number: ITEM.number };
const COMMAND_OF = { java: "java", dynalite: "dynalite-server" };

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(["java", "dynalite"] as const)("%s", (engine) => {
  it("in memory forgets at the end what was put", async () => {
    const first = await start({ engine });
    expect(first).toMatchObject({ engine, description: expect.stringContaining("data in memory") });
    await createTables({ endpoint: first.endpoint, tables: [NOTES] });
    const documents = documentsAt(first);
    await documents.send(new PutCommand({ TableName: "Notes", Item: ITEM }));
    expect(await documents.send(new GetCommand({ TableName: "Notes", Key: KEY }))).toMatchObject({ Item: ITEM });
    await first.close();
    await first.close();
    await expect(fetch(first.endpoint)).rejects.toThrow();

    const second = await start({ engine });
    const read = documentsAt(second).send(new GetCommand({ TableName: "Notes", Key: KEY }));
    await expect(read).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("with a data directory keeps it, in a folder of its own", async () => {
    const dataDirectory = join(temporaryDirectory(), "not", "there", "yet");
    const first = await start({ engine, dataDirectory });
    await createTables({ endpoint: first.endpoint, tables: [NOTES] });
    await documentsAt(first).send(new PutCommand({ TableName: "Notes", Item: ITEM }));
    expect(readableByOthers(dirname(dataDirectory))).toEqual([]);
    await first.close();

    const second = await start({ engine, dataDirectory });
    expect(second.description).toContain(join(dataDirectory, engine === "java" ? "dynamodb-local" : "dynalite"));
    const read = await documentsAt(second).send(new GetCommand({ TableName: "Notes", Key: KEY }));
    expect(read.Item).toEqual(ITEM);
  });

  it("ends with a runtime that is killed, keeps what it had answered, and leaves a lock that counts for nothing", async () => {
    const dataDirectory = temporaryDirectory();
    const runtime = await startRuntime({ engine, dataDirectory });
    await createTables({ endpoint: runtime.endpoint, tables: [NOTES] });
    await documentsAt(runtime).send(new PutCommand({ TableName: "Notes", Item: ITEM }));
    const pid = pidOfChild(runtime.pid, COMMAND_OF[engine]);
    await runtime.kill();
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);

    expect(readFileSync(join(dataDirectory, "lock"), "utf8")).toBe(`${runtime.pid}\n`);
    const next = await start({ engine, dataDirectory });
    const read = await documentsAt(next).send(new GetCommand({ TableName: "Notes", Key: KEY }));
    expect(read.Item).toEqual(ITEM);
  });

  it("says so with its output when it ends by itself", async () => {
    const onExit = vi.fn<(error: Error) => void>();
    const { description } = await start({ engine, onExit });
    process.kill(pidOfChild(process.pid, COMMAND_OF[engine]), "SIGKILL");
    await expect.poll(() => onExit.mock.calls.length, { timeout: 10_000 }).toBe(1);
    const message = onExit.mock.calls[0]?.[0].message;
    expect(message).toContain(`${description} ended by itself (signal: SIGKILL). It printed:`);
    expect(message).toContain("127.0.0.1:");
  });

  it("listens on loopback only", async () => {
    const { endpoint } = await start({ engine });
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4")
      .map(({ address }) => address);
    // Linux has more addresses of loopback, which a listener on every interface would answer too.
    if (process.platform === "linux") others.push("127.0.0.2");
    for (const host of others) {
      const socket = connect({ host, port: Number(new URL(endpoint).port) });
      const [error] = await once(socket, "error");
      expect(error).toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  it("answers programs on this machine, but no page", async () => {
    const { endpoint } = await start({ engine });
    const { port } = new URL(endpoint);
    const ask = async (headers: Record<string, string>) => {
      const asking = request(endpoint, {
        method: "POST",
        headers: {
          "x-amz-target": "DynamoDB_20120810.ListTables",
          "content-type": "application/x-amz-json-1.0",
          authorization:
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=a, Signature=a",
          "x-amz-date": "20260101T000000Z",
          ...headers,
        },
      });
      asking.end("{}");
      const [response] = (await once(asking, "response")) as [IncomingMessage];
      return {
        status: response.statusCode,
        allowed: response.headers["access-control-allow-origin"],
        body: await text(response),
      };
    };
    const tables = { status: 200, body: '{"TableNames":[]}' };
    expect(await ask({})).toMatchObject(tables);
    expect(await ask({ host: `localhost:${port}` })).toMatchObject(tables);
    const rebound = await ask({ host: `page.example:${port}` });
    expect(rebound.status).toBe(engine === "java" ? 404 : 403);
    expect(rebound.body).not.toContain("TableNames");
    expect((await ask({ origin: "http://page.example" })).allowed).toBeUndefined();
  });
});

describe("a data directory", () => {
  it("is given back when the engine does not start, and the error holds what it printed", async () => {
    const javaHome = temporaryDirectory();
    mkdirSync(join(javaHome, "bin"));
    const script = '#!/bin/sh\n[ "$1" = -version ] && exit\necho no memory\nexit 3\n';
    writeFileSync(join(javaHome, "bin", "java"), script, { mode: 0o755 });
    vi.stubEnv("JAVA_HOME", javaHome);
    const dataDirectory = temporaryDirectory();
    await expect(start({ engine: "java", dataDirectory })).rejects.toThrow(
      /^DynamoDB Local .* ended by itself \(exit status 3\)\. It printed:\nno memory$/,
    );
    expect(existsSync(join(dataDirectory, "lock"))).toBe(false);
  });

  it("in use is refused to a second runtime, which is told the process", async () => {
    const dataDirectory = temporaryDirectory();
    const runtime = await startRuntime({ engine: "dynalite", dataDirectory });
    await expect(start({ engine: "dynalite", dataDirectory })).rejects.toThrow(
      `The data directory ${dataDirectory} is in use by process ${runtime.pid}.`,
    );
    await runtime.kill();
  });

  it("in use by this process is refused too, until it is closed", async () => {
    const dataDirectory = temporaryDirectory();
    const first = await start({ engine: "dynalite", dataDirectory });
    await expect(start({ engine: "dynalite", dataDirectory })).rejects.toThrow(`by process ${process.pid}.`);
    await first.close();
    await start({ engine: "dynalite", dataDirectory });
  });

  it.each([
    ["is empty", ""],
    ["holds no process id", "some text\n"],
    ["holds the id that this process has got after a restart", `${process.pid}\n`],
  ])("whose lock %s is free", async (_what, text) => {
    const dataDirectory = temporaryDirectory();
    writeFileSync(join(dataDirectory, "lock"), text);
    await start({ engine: "dynalite", dataDirectory });
    expect(readFileSync(join(dataDirectory, "lock"), "utf8")).toBe(`${process.pid}\n`);
  });

  it("whose lock holds the id of another user's process is refused", async () => {
    const dataDirectory = temporaryDirectory();
    // To all but root, the first process of the system is somebody else's.
    writeFileSync(join(dataDirectory, "lock"), "1\n");
    await expect(start({ engine: "dynalite", dataDirectory })).rejects.toThrow("is in use by process 1.");
  });

  it.runIf(existsSync("/proc"))("that cannot be made is refused", async () => {
    await expect(start({ engine: "dynalite", dataDirectory: "/proc/x" })).rejects.toThrow(
      "The directory /proc/x/dynalite cannot be made",
    );
  });
});

describe("the choice of an engine", () => {
  it("takes Java where there is one", async () => {
    expect(await start({ engine: "auto" })).toMatchObject({ engine: "java" });
  });

  it("gives the JVM what DYNAMODB_LOCAL_JVM_OPTIONS says, after its own", () => {
    vi.stubEnv("DYNAMODB_LOCAL_JVM_OPTIONS", "-Xmx1g  -XX:TieredStopAtLevel=1");
    const { args } = dynamoDbLocal("java", undefined);
    const options = args.slice(0, args.indexOf("-XX:TieredStopAtLevel=1") + 1);
    expect(options).toEqual(["-Xmx512m", "-XX:+UseSerialGC", "-Xmx1g", "-XX:TieredStopAtLevel=1"]);
  });

  it("takes dynalite where no Java runs, and says why", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "java"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${directory}:/nowhere`);
    vi.stubEnv("JAVA_HOME", "/nowhere");
    const { engine, description } = await start({ engine: "auto" });
    expect(engine).toBe("dynalite");
    expect(description).toContain("DynamoDB Local needs Java, but neither JAVA_HOME nor the PATH has a java that runs");
    await expect(start({ engine: "java" })).rejects.toThrow("DynamoDB Local needs Java 8 or newer, but neither");
  });

  it("takes a DynamoDB that runs already, and leaves it running", async () => {
    const { endpoint } = await start({ engine: "dynalite" });
    const found = await start({ engine: { url: `${endpoint}/` } });
    expect(found).toMatchObject({ engine: "url", endpoint, description: `the DynamoDB at ${endpoint}` });
    await found.close();
    expect((await fetch(endpoint)).status).toBeGreaterThan(0);
  });

  it("refuses a URL where nothing answers", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const url = `http://127.0.0.1:${port}`;
    await expect(start({ engine: { url } })).rejects.toThrow(`No DynamoDB answers at ${url}.`);
  });
});

/** Starts a runtime as a process that a test can kill. */
async function startRuntime(options: { engine: "java" | "dynalite"; dataDirectory: string }) {
  const script = fileURLToPath(new URL("killed-runtime.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, options.engine, options.dataDirectory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const printed = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
  const [endpoint] = await Promise.race([printed, exited.then(() => [undefined])]);
  if (child.pid === undefined || endpoint === undefined) throw new Error("the runtime has not started");
  return { endpoint, pid: child.pid, kill };
}

function readableByOthers(directory: string): string[] {
  const found = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name));
  expect(found.length).toBeGreaterThan(3);
  return found.filter((path) => (statSync(path).mode & 0o077) !== 0);
}

/** The child of this process whose command line contains the text. */
function pidOfChild(parent: number, text: string): number {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const found = rows
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row))
    .filter((row) => Number(row?.[2]) === parent && row?.[3]?.includes(text));
  if (found.length !== 1) throw new Error(`expected one child of ${parent} with ${text}, got ${found.length}`);
  return Number(found[0]?.[1]);
}
