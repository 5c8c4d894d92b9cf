import * as v from "valibot";
import { AssemblyError, unsupported } from "./assembly-error.ts";
import { text } from "./properties.ts";
import type { Stack } from "./stack.ts";

const texts = v.pipe(
  v.union([text, v.array(text)]),
  v.transform((given) => [given].flat()),
);

const PolicySchema = v.strictObject({
  Bucket: text,
  PolicyDocument: v.object({
    Statement: v.array(v.object({ Effect: text, Action: v.optional(texts, []), Principal: v.optional(v.unknown()) })),
  }),
});

const CLOUDFRONT = { Service: "cloudfront.amazonaws.com" };
const LISTS = new Set(["*", "s3:*", "s3:List*", "s3:ListBucket"]);

/**
 * Of all that a policy may allow, one thing shows: who may list a bucket is told 404 of a missing object, and gets the
 * list at its root (S3 API Reference, `GetObject`).
 *
 * @throws AssemblyError where CloudFront may
 */
export function refuseListing(stack: Stack): void {
  for (const resource of stack.resources("AWS::S3::BucketPolicy")) {
    const { PolicyDocument } = stack.properties(resource, PolicySchema);
    for (const { Effect, Action, Principal } of PolicyDocument.Statement) {
      const isForCloudFront = JSON.stringify(Principal) === JSON.stringify(CLOUDFRONT);
      if (Effect === "Allow" && isForCloudFront && Action.some((action) => LISTS.has(action)))
        throw new AssemblyError(resource, unsupported("the right of CloudFront to list the bucket"));
    }
  }
}
