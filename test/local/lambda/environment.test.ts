import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { payloadOf, runFunction } from "./fixture.ts";

/** Returns the process id, and how many events this process has had. */
const COUNTER = `
  let count = 0;
  export const handler = async (event) => {
    count += 1;
    if (event?.forMs) await new Promise((resolve) => setTimeout(resolve, event.forMs));
    if (event?.log) console.log(event.log);
    return { pid: process.pid, count };
  };`;

describe("an execution environment", () => {
  it("has the variables that Lambda documents, the function's own, the shared ones, and none of ours", async () => {
    process.env.SECRET_OF_THE_PARENT = "x";
    const { invoke, arn } = runFunction(
      "export const handler = async () => ({ ...process.env, cwd: process.cwd() });",
      { environment: { TABLE: "own", AWS_REGION: "not-allowed" }, memoryMegabytes: 256 },
      { TABLE: "shared", ENDPOINT: "http://localhost:1" },
    );
    const { PWD: _shell, cwd, ...variables } = payloadOf(await invoke()) as Record<string, string>;
    const name = arn.split(":").at(-1);
    const anyText = expect.stringMatching(/./);
    expect(variables).toEqual({
      _HANDLER: "index.handler",
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
      AWS_ACCESS_KEY_ID: anyText,
      AWS_SECRET_ACCESS_KEY: anyText,
      AWS_SESSION_TOKEN: anyText,
      AWS_REGION: "eu-central-1",
      AWS_DEFAULT_REGION: "eu-central-1",
      AWS_EXECUTION_ENV: expect.stringMatching(/^AWS_Lambda_nodejs\d+\.x$/),
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      ENDPOINT: "http://localhost:1",
      LAMBDA_RUNTIME_DIR: anyText,
      LAMBDA_TASK_ROOT: cwd,
      LANG: "en_US.UTF-8",
      PATH: anyText,
      TABLE: "own",
      TZ: ":UTC",
    });
  });

  it.each(["return 1", 'throw new Error("no")'])("has printed everything when it is frozen after: %s", async (end) => {
    const { invoke, lineLike } = runFunction(`
      export const handler = async () => {
        for (let i = 1; i <= 20_000; i++) console.log("line " + i + " " + "x".repeat(100));
        ${end};
      };`);
    await invoke();
    expect(await lineLike(/^line 20000 /)).toContain("x");
  });

  it("gives the handler its context, and hides the channel to us", async () => {
    const { invoke, arn } = runFunction(
      `export const handler = async (event, context) =>
        ({ ...context, remaining: context.getRemainingTimeInMillis(), send: typeof process.send });`,
      { timeoutSeconds: 7 },
    );
    const { remaining, ...context } = payloadOf(await invoke()) as { remaining: number };
    const name = arn.split(":").at(-1);
    expect(context).toEqual({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: name,
      functionVersion: "$LATEST",
      invokedFunctionArn: arn,
      memoryLimitInMB: "128",
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: expect.stringContaining("[$LATEST]"),
      callbackWaitsForEmptyEventLoop: true,
      send: "undefined",
    });
    expect(remaining).toBeGreaterThan(5_000);
    expect(remaining).toBeLessThanOrEqual(7_000);
  });

  it("takes one event after the other while it is warm, and no two at once", async () => {
    const { invoke } = runFunction(COUNTER);
    const first = payloadOf(await invoke());
    expect(payloadOf(await invoke())).toEqual({ ...(first as object), count: 2 });
    const together = (await Promise.all([invoke({ forMs: 2_000 }), invoke({ forMs: 2_000 })])).map(payloadOf);
    expect(new Set(together.map((result) => (result as { pid: number }).pid)).size).toBe(2);
  });

  it("logs what the function prints, and then a report that tells a cold start", async () => {
    const { invoke, lines, lineLike } = runFunction(COUNTER);
    await invoke({ log: "first\nsecond" });
    const cold = await lineLike(/^REPORT/);
    expect(cold).toMatch(
      /^REPORT RequestId: \S+ Duration: [\d.]+ ms Memory Size: 128 MB Max Memory Used: \d+ MB Init Duration: [\d.]+ ms$/,
    );
    expect(lines).toEqual(["first", "second", cold]);
    lines.length = 0;
    await invoke();
    expect(await lineLike(/^REPORT/)).not.toContain("Init Duration");
  });

  it("is frozen when the handler has returned, so that what was not awaited rests until the next event", async () => {
    const { invoke } = runFunction(COUNTER);
    const { pid } = payloadOf(await invoke()) as { pid: number };
    const stateOf = () => execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" });
    await expect.poll(stateOf).toMatch(/^T/);
    expect(payloadOf(await invoke())).toEqual({ pid, count: 2 });
    await expect.poll(stateOf).toMatch(/^T/);
  });

  it("is killed at the timeout, even in an endless loop, and the next event gets another", async () => {
    const { invoke, lines } = runFunction(
      "let n = 0; export const handler = async (loops) => { n += 1; while (loops); return n; };",
      { timeoutSeconds: 1 },
    );
    await invoke();
    expect(await invoke(true)).toEqual({ outcome: "timed-out" });
    expect(lines).toContainEqual(expect.stringMatching(/^[0-9a-f-]{36} Task timed out after 1\.00 seconds$/));
    expect(payloadOf(await invoke())).toBe(1);
  });

  it("is ended when it has been idle for long and enough others are", async () => {
    // Each waits until all are there, and then until the same moment, so that all have been idle for as long.
    const { functions, arn } = runFunction(
      `import { readdirSync, statSync, writeFileSync } from "node:fs";
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      export const handler = async ({ directory, count }) => {
        writeFileSync(directory + "/" + process.pid, "");
        while (readdirSync(directory).length < count) await sleep(20);
        const times = readdirSync(directory).map((name) => statSync(directory + "/" + name).mtimeMs);
        await sleep(Math.max(...times) + 300 - Date.now());
        return process.pid;
      };`,
      { timeoutSeconds: 25 },
      {},
      { idleMsMax: 200 },
    );
    const directory = mkdtempSync(join(tmpdir(), "duet-meeting-"));
    const events = Array.from({ length: 4 }, () => functions.invoke(arn, { directory, count: 4 }));
    const pids = (await Promise.all(events)).map((outcome) => payloadOf(outcome) as number);
    expect(new Set(pids).size).toBe(4);
    await expect.poll(() => pids.filter(isRunning).length).toBe(2);
    // Those that are left take events as before.
    expect(pids.filter(isRunning)).toContain(payloadOf(await functions.invoke(arn, { directory, count: 4 })));
    rmSync(directory, { recursive: true });
  });

  it("does not wait for others that are slow to load", async () => {
    const cores = availableParallelism();
    const { functions, arn } = runFunction(
      "await new Promise((r) => setTimeout(r, 2_500)); export const handler = async () => { await new Promise((r) => setTimeout(r, 2_000)); return process.pid; };",
    );
    const events = Array.from({ length: cores + 1 }, () => functions.invoke(arn, {}));
    const pids = await Promise.all(events.map(async (event) => payloadOf(await event)));
    // Else the last had been run by one of the others, once that was free.
    expect(new Set(pids).size).toBe(cores + 1);
  });

  it("prints a line without an end in pieces", async () => {
    const { invoke, lines } = runFunction(
      'export const handler = async () => { for (let i = 0; i < 50; i++) process.stdout.write("x".repeat(20_000)); console.log(); };',
    );
    await invoke();
    await expect
      .poll(() => lines.filter((line) => /^x+$/.test(line)).reduce((sum, { length }) => sum + length, 0))
      .toBe(1_000_000);
    expect(lines.filter((line) => /^x+$/.test(line)).length).toBeGreaterThan(2);
  });

  it("can be killed in the middle of an invocation", async () => {
    const { functions, arn, invoke, lineLike } = runFunction(
      "export const handler = async (stay) => { if (stay) { console.log('busy'); await new Promise((r) => setTimeout(r, 60_000)); } };",
    );
    expect(functions.kill(arn)).toBe(false);
    const outcome = invoke(true);
    await lineLike(/^busy$/);
    expect(functions.kill(arn)).toBe(true);
    expect(await outcome).toMatchObject({
      outcome: "failed",
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringContaining("signal: SIGKILL"),
    });
    expect(await invoke(false)).toMatchObject({ outcome: "returned" });
  });
});

describe("concurrency", () => {
  it("beyond the reserved one is throttled", async () => {
    const { invoke, lineLike } = runFunction(
      "export const handler = async () => { console.log('busy'); await new Promise((r) => setTimeout(r, 300)); };",
      { reservedConcurrency: 2 },
    );
    const two = [invoke(), invoke()];
    expect(await invoke()).toEqual({ outcome: "throttled" });
    await lineLike(/^busy$/);
    expect(await invoke()).toEqual({ outcome: "throttled" });
    expect(await Promise.all(two)).toMatchObject([{ outcome: "returned" }, { outcome: "returned" }]);
    expect(await invoke()).toMatchObject({ outcome: "returned" });
  });

  it("beyond what may wait is throttled too, and a burst is otherwise served whole", async () => {
    const { invoke } = runFunction("export const handler = async (event) => event;");
    const outcomes = await Promise.all(Array.from({ length: 1_001 }, (_, index) => invoke(index)));
    expect(outcomes.at(-1)).toEqual({ outcome: "throttled" });
    expect(outcomes.slice(0, -1).map(payloadOf)).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });
});

describe("the runtime", () => {
  it("refuses an ARN that it does not know", async () => {
    const { functions } = runFunction(COUNTER);
    const arn = "arn:aws:lambda:eu-central-1:123456789012:function:other";
    expect(await functions.invoke(arn, {})).toEqual({
      outcome: "failed",
      errorType: "ResourceNotFoundException",
      errorMessage: `Function not found: ${arn}`,
    });
    expect(functions.kill(arn)).toBe(false);
  });

  it("ends every environment when it is closed, and then invokes nothing more", async () => {
    const { functions, invoke } = runFunction(COUNTER);
    const { pid } = payloadOf(await invoke()) as { pid: number };
    const underWay = invoke({ forMs: 60_000 });
    await functions.close();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await underWay).toMatchObject({ outcome: "failed" });
    expect(await invoke()).toMatchObject({ outcome: "failed", errorType: "ServiceException" });
  });

  it("leaves no environment behind when it is killed, frozen or in an endless loop", async () => {
    const parent = spawn(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("killed-runtime.ts", import.meta.url))],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const pids: number[] = [];
    for await (const line of createInterface({ input: parent.stdout })) {
      pids.push(Number(line));
      if (pids.length === 2) break;
    }
    for (const pid of pids) process.kill(pid, 0);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    for (const pid of pids) await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
