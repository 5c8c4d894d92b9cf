import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import type { FunctionModel } from "../model.ts";
import { AssemblyError, refuseRepeats } from "./assembly-error.ts";
import { callableFunctions } from "./custom-resources.ts";
import { functionArn } from "./identities.ts";
import { only, text, wholeNumber, within, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** Source of defaults and limits: AWS CloudFormation Template Reference, `AWS::Lambda::Function`. */
const FunctionSchema = v.strictObject({
  FunctionName: v.optional(text),
  Code: v.strictObject({ S3Bucket: v.optional(text), S3Key: text }),
  Handler: text,
  Runtime: v.pipe(text, v.startsWith("nodejs", "only Node.js runtimes are supported by the local runtime")),
  PackageType: only("Zip"),
  Timeout: v.optional(within(1, 900), 3),
  MemorySize: v.optional(within(128, 10_240), 128),
  ReservedConcurrentExecutions: v.optional(wholeNumber),
  Environment: v.optional(v.strictObject({ Variables: v.optional(v.record(v.string(), text), {}) }), {}),
  // The machine's own Node.js and processor run the code, with every right, and logs go to the terminal.
  ...withoutLocalEffect(
    "Architectures",
    "CodeSigningConfigArn",
    "Description",
    "EphemeralStorage",
    "KmsKeyArn",
    "LoggingConfig",
    "RecursiveLoop",
    "Role",
    "RuntimeManagementConfig",
    "Tags",
    "TracingConfig",
  ),
});

export function readFunctions(stack: Stack, assetDirectories: Map<string, string>): FunctionModel[] {
  const resources = callableFunctions(stack);
  refuseRepeats(resources, (resource) => `the function name ${stack.identity(resource).ref}`);

  return resources.map((resource) => {
    const properties = stack.properties(resource, FunctionSchema);
    const { ref: functionName } = stack.identity(resource);
    const key = properties.Code.S3Key;
    const codeDirectory = assetDirectories.get(basename(key, ".zip"));
    if (codeDirectory === undefined || !existsSync(codeDirectory)) {
      throw new AssemblyError(
        resource,
        `its code ${key} is no directory of the assembly; use Code.fromAsset of a directory and synthesize again`,
      );
    }
    refuseMissingModule(resource, { codeDirectory, handler: properties.Handler });
    return {
      path: resource.path,
      functionName,
      arn: functionArn(functionName),
      codeDirectory,
      handler: properties.Handler,
      timeoutSeconds: properties.Timeout,
      memoryMegabytes: properties.MemorySize,
      ...(properties.ReservedConcurrentExecutions !== undefined && {
        reservedConcurrency: properties.ReservedConcurrentExecutions,
      }),
      environment: properties.Environment.Variables,
    };
  });
}

/**
 * The module is what stands before the first dot of the file's name.
 * Source: Lambda Developer Guide, "Define Lambda function handler in Node.js".
 */
function refuseMissingModule(
  resource: Resource,
  { codeDirectory, handler }: { codeDirectory: string; handler: string },
): void {
  const [moduleName = "", exportName] = basename(handler).split(".");
  if (!exportName) {
    throw new AssemblyError(
      resource,
      `property Handler: expected module.export, such as index.handler, was given ${handler}`,
    );
  }
  const file = join(codeDirectory, dirname(handler), moduleName);
  if (![".mjs", ".js", ".cjs"].some((extension) => existsSync(file + extension))) {
    throw new AssemblyError(resource, `its handler ${handler} needs ${file}.mjs (or .js, .cjs), which is not there`);
  }
}
