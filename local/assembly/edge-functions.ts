import { Script } from "node:vm";
import * as v from "valibot";
import type { EdgeFunctionModel } from "../model.ts";
import { AssemblyError } from "./assembly-error.ts";
import { only, text, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** "Quotas on CloudFront Functions" of the CloudFront Developer Guide: 10 KB. */
const CODE_BYTES_MAX = 10_240;

const EdgeFunctionSchema = v.strictObject({
  AutoPublish: only(true),
  FunctionCode: v.pipe(text, v.maxBytes(CODE_BYTES_MAX, `expected at most ${CODE_BYTES_MAX} bytes`)),
  FunctionConfig: v.strictObject({ Runtime: v.literal("cloudfront-js-2.0"), ...withoutLocalEffect("Comment") }),
  ...withoutLocalEffect("FunctionMetadata", "Name", "Tags"),
});

/** The CloudFront Functions of the stack, by ARN. */
export function readEdgeFunctions(stack: Stack): Map<string, EdgeFunctionModel> {
  return new Map(
    stack.resources("AWS::CloudFront::Function").map((resource) => {
      const { FunctionCode: code } = stack.properties(resource, EdgeFunctionSchema);
      refuseBrokenCode(resource, code);
      return [stack.identity(resource).ref, { path: resource.path, code }];
    }),
  );
}

function refuseBrokenCode(resource: Resource, code: string): void {
  try {
    new Script(code);
  } catch (cause) {
    throw new AssemblyError(resource, `property FunctionCode cannot be compiled as a script: ${cause}`, { cause });
  }
}
