import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { createFunctions, type Functions } from "../../../local/lambda/functions.ts";
import type { FunctionModel, Invocation } from "../../../local/model.ts";

export interface RunningFunction {
  functions: Functions;
  arn: string;
  invoke(event?: unknown): Promise<Invocation>;
  /** Everything the function and the runtime have logged. */
  lines: string[];
  /** Resolves with the first logged line, past or future, that matches. */
  lineLike(pattern: RegExp): Promise<string>;
}

/** Runs one function made of these files, or of this `index.mjs`, until the test ends. */
export function runFunction(
  code: string | Record<string, string>,
  overrides: Partial<FunctionModel> = {},
  shared: Record<string, string> = {},
  options: { idleMsMax?: number } = {},
): RunningFunction {
  const codeDirectory = mkdtempSync(join(tmpdir(), "function-"));
  for (const [name, text] of Object.entries(typeof code === "string" ? { "index.mjs": code } : code)) {
    mkdirSync(dirname(join(codeDirectory, name)), { recursive: true });
    writeFileSync(join(codeDirectory, name), text);
  }
  const functionName = `sample-${randomUUID()}`;
  const arn = `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`;
  const model: FunctionModel = {
    path: "Sample/Function/Resource",
    functionName,
    arn,
    codeDirectory,
    handler: "index.handler",
    timeoutSeconds: 10,
    memoryMegabytes: 128,
    environment: {},
    ...overrides,
  };
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const log = (_source: string, line: string) => {
    lines.push(line);
    for (const watcher of watchers) watcher();
  };
  const functions = createFunctions({ functions: [model], environment: shared, log, ...options });
  onTestFinished(async () => {
    await functions.close();
    rmSync(codeDirectory, { recursive: true });
  });
  return {
    functions,
    arn,
    invoke: (event) => functions.invoke(arn, event),
    lines,
    lineLike: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}

/** What the function returned; fails the test if it did not return. */
export function payloadOf(invocation: Invocation): unknown {
  if (invocation.outcome !== "returned") throw new Error(`expected a result, got ${JSON.stringify(invocation)}`);
  return invocation.payload;
}
