import { describe, expect, it } from "vitest";
import { payloadOf, runFunction } from "./fixture.ts";

const RESPONSE_BYTES_MAX = 6_291_556;
const REQUEST_BYTES_MAX = 6_291_456;

describe("a handler is found", () => {
  it.each([
    ["in index.mjs", { "index.mjs": "export const handler = async () => 'found';" }, "index.handler"],
    ["in a CommonJS index.js", { "index.js": "exports.handler = async () => 'found';" }, "index.handler"],
    ["in index.cjs", { "index.cjs": "Object.assign(exports, { handler: async () => 'found' });" }, "index.handler"],
    [
      "in an index.js that package.json makes a module",
      { "index.js": "export const handler = async () => 'found';", "package.json": '{"type":"module"}' },
      "index.handler",
    ],
    ["in a folder", { "src/app.mjs": "export const run = async () => 'found';" }, "src/app.run"],
    ["in an object", { "index.mjs": "export const group = { run: async () => 'found' };" }, "index.group.run"],
  ])("%s", async (_where, files, handler) => {
    expect(payloadOf(await runFunction(files, { handler }).invoke())).toBe("found");
  });

  it("but not where the module is missing", async () => {
    const outcome = await runFunction({ "other.mjs": "" }).invoke();
    expect(outcome).toMatchObject({ outcome: "failed", errorType: "Runtime.ImportModuleError" });
    expect(outcome).toHaveProperty("errorMessage", expect.stringContaining("Cannot find module 'index'"));
  });

  it("but not where something that the module imports is missing", async () => {
    const outcome = await runFunction("import 'not-installed'; export const handler = async () => 1;").invoke();
    expect(outcome).toMatchObject({ outcome: "failed", errorType: "Runtime.ImportModuleError" });
  });

  it("but not where the export is missing, or is no function", async () => {
    const missing = await runFunction("export const other = 1;").invoke();
    expect(missing).toEqual({
      outcome: "failed",
      errorType: "Runtime.HandlerNotFound",
      errorMessage: "index.handler is undefined or not exported",
    });
    const noFunction = await runFunction("export const handler = 1;").invoke();
    expect(noFunction).toMatchObject({ errorMessage: "index.handler is not a function" });
  });

  it("but not in a module with a syntax error, or in one that throws", async () => {
    const syntax = await runFunction("export const handler = ;").invoke();
    expect(syntax).toMatchObject({ outcome: "failed", errorType: "Runtime.UserCodeSyntaxError" });
    const thrown = await runFunction("throw new RangeError('no table'); export const handler = 1;").invoke();
    expect(thrown).toEqual({ outcome: "failed", errorType: "RangeError", errorMessage: "no table" });
  });

  it("but not under a malformed name", async () => {
    const outcome = await runFunction("", { handler: "index" }).invoke();
    expect(outcome).toMatchObject({ outcome: "failed", errorType: "Runtime.MalformedHandlerName" });
  });

  it("by a fresh environment, after one has failed to start", async () => {
    const { invoke } = runFunction(`
      import { existsSync, writeFileSync } from "node:fs";
      const marker = process.env.LAMBDA_TASK_ROOT + "/marker";
      if (!existsSync(marker)) { writeFileSync(marker, ""); throw new Error("first start"); }
      export const handler = async () => "started";`);
    expect(await invoke()).toMatchObject({ outcome: "failed", errorMessage: "first start" });
    expect(payloadOf(await invoke())).toBe("started");
  });
});

describe("an event and its result", () => {
  it("cross as JSON", async () => {
    const { invoke } = runFunction(
      "export const handler = async (event) => ({ event, at: new Date(0), none: undefined });",
    );
    const event = { at: new Date(0), none: undefined, text: 'ü "\u2028' };
    expect(payloadOf(await invoke(event))).toEqual({
      event: { at: "1970-01-01T00:00:00.000Z", text: 'ü "\u2028' },
      at: "1970-01-01T00:00:00.000Z",
    });
  });

  it("are null where there is none", async () => {
    expect(payloadOf(await runFunction("export const handler = async (e) => [e];").invoke())).toEqual([null]);
    expect(payloadOf(await runFunction("export const handler = async () => {};").invoke())).toBeNull();
  });

  it("fail where the result cannot be JSON", async () => {
    const outcome = await runFunction("export const handler = async () => 1n;").invoke();
    expect(outcome).toEqual({
      outcome: "failed",
      errorType: "Error",
      errorMessage: "Unable to stringify response body",
    });
  });

  it("may have 6 MB each way, and not a byte more", async () => {
    const { invoke } = runFunction(
      "export const handler = async (e) => (typeof e === 'string' ? e.length : 'x'.repeat(e.length));",
      { memoryMegabytes: 512 },
    );
    const quotes = 2;
    expect(payloadOf(await invoke("x".repeat(REQUEST_BYTES_MAX - quotes)))).toBe(REQUEST_BYTES_MAX - quotes);
    expect(await invoke("x".repeat(REQUEST_BYTES_MAX - quotes + 1))).toEqual({
      outcome: "failed",
      errorType: "RequestTooLargeException",
      errorMessage: "Request must be smaller than 6291456 bytes, but the event has 6291457",
    });
    expect(payloadOf(await invoke({ length: RESPONSE_BYTES_MAX - quotes }))).toHaveLength(RESPONSE_BYTES_MAX - quotes);
    expect(await invoke({ length: RESPONSE_BYTES_MAX - quotes + 1 })).toMatchObject({
      outcome: "failed",
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: expect.stringContaining("6291557 bytes"),
    });
  });
});

describe("a handler fails the invocation", () => {
  it("with the name and the message of what it throws, and stays warm", async () => {
    const { invoke } = runFunction(`
      let count = 0;
      export const handler = async (event) => {
        count += 1;
        if (event) throw new TypeError("bad " + count);
        return count;
      };`);
    expect(await invoke(1)).toEqual({ outcome: "failed", errorType: "TypeError", errorMessage: "bad 1" });
    expect(payloadOf(await invoke())).toBe(2);
  });

  it("with a thrown string as the message", async () => {
    const outcome = await runFunction("export const handler = async () => { throw 'Unauthorized'; };").invoke();
    expect(outcome).toEqual({ outcome: "failed", errorType: "string", errorMessage: "Unauthorized" });
  });

  it("with an unhandled rejection or an uncaught exception, which also end the environment", async () => {
    const { invoke } = runFunction(`
      let count = 0;
      export const handler = (event) => new Promise((resolve) => {
        count += 1;
        if (event === "reject") Promise.reject(new Error("lost"));
        else if (event === "throw") setTimeout(() => { throw new RangeError("thrown"); });
        else resolve(count);
      });`);
    expect(payloadOf(await invoke())).toBe(1);
    expect(await invoke("reject")).toEqual({
      outcome: "failed",
      errorType: "Runtime.UnhandledPromiseRejection",
      errorMessage: "Error: lost",
    });
    expect(payloadOf(await invoke())).toBe(1);
    expect(await invoke("throw")).toEqual({ outcome: "failed", errorType: "RangeError", errorMessage: "thrown" });
    expect(payloadOf(await invoke())).toBe(1);
  });

  it("at once, when nothing is left that could settle its promise", async () => {
    const outcome = await runFunction("export const handler = async () => new Promise(() => {});").invoke();
    expect(outcome).toMatchObject({ outcome: "failed", errorType: "Runtime.NodeJsExit" });
  });

  it("if it exits", async () => {
    const { invoke, lines } = runFunction("export const handler = async () => process.exit(3);");
    expect(await invoke()).toMatchObject({
      outcome: "failed",
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: exit status 3$/),
    });
    expect(lines.join("\n")).toContain("exit status 3");
  });

  it("if it takes more memory than it has", async () => {
    const { invoke } = runFunction(`
      export const handler = async () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); };`);
    expect(await invoke()).toMatchObject({ outcome: "failed", errorType: "Runtime.ExitError" });
  });
});

describe("a callback", () => {
  it("answers, once", async () => {
    const { invoke } = runFunction(
      "export const handler = (event, context, callback) => { callback(null, event); callback('late'); };",
    );
    expect(payloadOf(await invoke("a"))).toBe("a");
    expect(payloadOf(await invoke("b"))).toBe("b");
  });

  it("fails the invocation with its first argument", async () => {
    const outcome = await runFunction("export const handler = (e, c, callback) => callback('Unauthorized');").invoke();
    expect(outcome).toEqual({ outcome: "failed", errorType: "string", errorMessage: "Unauthorized" });
  });

  it("is waited for with what else is going on, unless the context says otherwise", async () => {
    const { invoke } = runFunction(`
      let timer;
      export const handler = (waits, context, callback) => {
        clearTimeout(timer);
        let later = false;
        timer = setTimeout(() => { later = true; }, waits ? 200 : 60_000);
        context.callbackWaitsForEmptyEventLoop = waits;
        callback(null, { get later() { return later; } });
      };`);
    expect(payloadOf(await invoke(true))).toEqual({ later: true });
    expect(payloadOf(await invoke(false))).toEqual({ later: false });
  });

  it("that is never called is null, once nothing is left to do", async () => {
    expect(
      payloadOf(await runFunction("export const handler = (event, context, callback) => {};").invoke()),
    ).toBeNull();
  });
});
