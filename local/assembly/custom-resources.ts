import * as v from "valibot";
import { functionArn } from "./identities.ts";
import { text, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** No bucket is left behind locally that would have to be emptied. */
const AutoDeleteSchema = v.strictObject({ ServiceToken: text, ...withoutLocalEffect("BucketName") });

/**
 * The functions that an app can call: not those behind the custom resources which are known, since they run only while
 * CloudFormation deploys, and are written in other languages than are served.
 */
export function callableFunctions(stack: Stack): Resource[] {
  const providers = new Set([
    ...stack.resources("Custom::CDKBucketDeployment").map((resource) => stack.text(resource, "ServiceToken")),
    ...stack
      .resources("Custom::S3AutoDeleteObjects")
      .map((resource) => stack.properties(resource, AutoDeleteSchema).ServiceToken),
  ]);
  return stack
    .resources("AWS::Lambda::Function")
    .filter((resource) => !providers.has(functionArn(stack.identity(resource).ref)));
}
