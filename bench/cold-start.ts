import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { loadApp } from "../local/assembly/load-app.ts";
import { environmentVariables } from "../local/lambda/environment-variables.ts";
import { createFunctions } from "../local/lambda/functions.ts";
import type { FunctionModel } from "../local/model.ts";
import { median } from "./quantiles.ts";

const run = promisify(execFile);

/** Every function of a cloud assembly, as the local runtime loads it. */
export function readFunctionModels(outDirectory: string): FunctionModel[] {
  return loadApp({ outDirectory, baseUrl: "http://localhost:1" }).functions;
}

const TIME_IMPORT = (file: string) =>
  `const began = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - began);`;

/** How long the module takes to load, in ms: the median of so many fresh processes, each with the function's environment. */
export async function importMs(model: FunctionModel, { file, runs }: { file: string; runs: number }): Promise<number> {
  const times: number[] = [];
  const env = environmentVariables(model, {});
  for (let index = 0; index < runs; index++) {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", TIME_IMPORT(file)], { env });
    times.push(Number(stdout));
  }
  return median(times);
}

/**
 * The first invocation in a new environment, with its start, and the second, in ms, by the local runtime. The event is
 * one that every handler refuses or answers without its tables, so that what is timed is the function and not storage.
 */
export async function invocationsMs(model: FunctionModel): Promise<{ first: number; second: number }> {
  const { invoke, close } = createFunctions({ functions: [model], environment: NOWHERE, log: () => undefined });
  const timed = async () => {
    const beganAtMs = performance.now();
    await invoke(model.arn, EVENT);
    return performance.now() - beganAtMs;
  };
  try {
    return { first: await timed(), second: await timed() };
  } finally {
    await close();
  }
}

/** Nothing listens there: no event may find its way to AWS. */
const NOWHERE = { AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1" };

/** A user's name that is none: HTTP routes refuse it, frames are of no known connection. */
const EVENT = {
  headers: {},
  body: "{}",
  requestContext: {
    requestId: "bench",
    connectionId: "bench",
    connectedAt: 0,
    authorizer: { jwt: { claims: {} }, username: "", expiresAt: "0" },
  },
};
