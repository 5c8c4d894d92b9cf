import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, relative, sep } from "node:path";
import { lookup } from "mime-types";
import * as v from "valibot";
import type { ObjectModel } from "../model.ts";
import { wildcard } from "../wildcard.ts";
import { AssemblyError } from "./assembly-error.ts";
import { flag, only, text, withoutLocalEffect } from "./properties.ts";
import { MarkersConfigSchema, MarkersSchema, replaceMarkers } from "./source-markers.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** What one `BucketDeployment` does to its bucket. */
export interface BucketDeployment {
  resource: Resource;
  /** By key, with the prefix of the destination. */
  objects: Map<string, ObjectModel>;
  /** Whether an object of this key is deleted where the sources do not have it. */
  prunes(key: string): boolean;
}

const filters = v.optional(
  v.array(v.pipe(text, v.regex(/^[^[\]]*$/, "expected a pattern of * and ? and characters, without brackets"))),
  [],
);

/** What is stored with an object and sent with it. */
const STORED_HEADERS = {
  "cache-control": v.optional(text),
  "content-disposition": v.optional(text),
  "content-encoding": v.optional(text),
  "content-language": v.optional(text),
  "content-type": v.optional(text),
};

/** Sources of defaults: AWS CDK, aws-s3-deployment, the function that deploys. */
const DeploymentSchema = v.strictObject({
  SourceObjectKeys: v.array(text),
  SourceMarkers: v.optional(v.array(MarkersSchema), []),
  SourceMarkersConfig: v.optional(v.array(MarkersConfigSchema), []),
  DestinationBucketName: text,
  DestinationBucketKeyPrefix: v.optional(text, ""),
  Extract: only(true),
  Prune: v.optional(flag, true),
  Exclude: filters,
  Include: filters,
  SystemMetadata: v.optional(
    v.strictObject({
      ...STORED_HEADERS,
      ...withoutLocalEffect("acl", "sse", "sse-kms-key-id", "storage-class"),
    }),
    {},
  ),
  // The function behind it does not run, and caches nothing that would have to be invalidated.
  ...withoutLocalEffect(
    "DestinationBucketArn",
    "DistributionId",
    "DistributionPaths",
    "OutputObjectKeys",
    "RetainOnDelete",
    "ServiceToken",
    "SignContent",
    "SourceBucketNames",
    "WaitForDistributionInvalidation",
  ),
});

/** S3's own, where the name of a file says nothing. Source: S3 API Reference, `PutObject`. */
const UNKNOWN_CONTENT_TYPE = "binary/octet-stream";

export function readDeployment(
  stack: Stack,
  resource: Resource,
  assetDirectories: Map<string, string>,
): BucketDeployment {
  const properties = stack.deployedProperties(resource, DeploymentSchema);
  const directory = properties.DestinationBucketKeyPrefix.replace(/\/$/, "");
  const prefix = directory === "" ? "" : `${directory}/`;
  const isIncluded = filterOf(properties);
  const stored = Object.entries(properties.SystemMetadata).filter(([name]) => Object.hasOwn(STORED_HEADERS, name));

  const objects = new Map<string, ObjectModel>();
  for (const [index, key] of properties.SourceObjectKeys.entries()) {
    const replace = replaceMarkers(properties.SourceMarkers[index], properties.SourceMarkersConfig[index]);
    for (const { name, file } of filesOf(resource, key, assetDirectories)) {
      if (!isIncluded(name)) continue;
      const headers = { "content-type": contentTypeOf(name), ...Object.fromEntries(stored) };
      // An address may be in two parts: its scheme in the file, its host in the marker's place.
      const bytes = replace && Buffer.from(stack.localize(replace(readFileSync(file, "latin1"))), "latin1");
      objects.set(prefix + name, { content: bytes ? { bytes } : { file }, headers });
    }
  }
  return {
    resource,
    objects,
    prunes: (key) => properties.Prune && key.startsWith(prefix) && isIncluded(key.slice(prefix.length)),
  };
}

/**
 * All exclusions come before all inclusions, and the last filter that fits decides.
 * Source: AWS CLI Command Reference, `s3`, "Use of Exclude and Include Filters".
 */
function filterOf({ Exclude, Include }: v.InferOutput<typeof DeploymentSchema>): (name: string) => boolean {
  const excluded = Exclude.map(wildcard);
  const included = Include.map(wildcard);
  return (name) => !excluded.some((filter) => filter.test(name)) || included.some((filter) => filter.test(name));
}

function filesOf(
  resource: Resource,
  key: string,
  assetDirectories: Map<string, string>,
): { name: string; file: string }[] {
  const directory = assetDirectories.get(basename(key, ".zip"));
  if (directory === undefined || !existsSync(directory)) {
    throw new AssemblyError(
      resource,
      `its source ${key} is no directory of the assembly; use Source.asset of a directory and synthesize again`,
    );
  }
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((path) => join(directory, path))
    .filter((file) => statSync(file).isFile())
    .sort()
    .map((file) => ({ name: relative(directory, file).replaceAll(sep, "/"), file }));
}

/** As the AWS CLI guesses it, without a charset. */
function contentTypeOf(name: string): string {
  const extension = extname(name);
  return (extension !== "" && lookup(extension)) || UNKNOWN_CONTENT_TYPE;
}
