/** Prints the process ids of two environments, one that is frozen and one in an endless loop, and waits to be killed. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFunctions } from "../../../local/lambda/functions.ts";

const codeDirectory = mkdtempSync(join(tmpdir(), "function-"));
writeFileSync(
  join(codeDirectory, "index.mjs"),
  "export const handler = async (loops) => { console.log(process.pid); while (loops); };",
);
const models = ["frozen", "looping"].map((functionName) => ({
  path: functionName,
  functionName,
  arn: `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`,
  codeDirectory,
  handler: "index.handler",
  timeoutSeconds: 600,
  memoryMegabytes: 128,
  environment: {},
}));
const log = (_source: string, line: string) => {
  if (!line.startsWith("REPORT")) console.log(line);
};
const functions = createFunctions({ functions: models, environment: {}, log });
const [frozen, looping] = models;
if (frozen) await functions.invoke(frozen.arn, false);
if (looping) await functions.invoke(looping.arn, true);
