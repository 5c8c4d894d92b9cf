import * as v from "valibot";
import type { ObjectModel } from "../model.ts";
import { AssemblyError, describe } from "./assembly-error.ts";
import { type BucketDeployment, readDeployment } from "./bucket-deployments.ts";
import { refuseListing } from "./bucket-policies.ts";
import { groupByOwner } from "./group-by-owner.ts";
import { withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/** A bucket is read through a distribution and written by deployments alone. */
const BucketSchema = v.strictObject(
  withoutLocalEffect(
    "AccessControl",
    "BucketEncryption",
    "BucketName",
    "LifecycleConfiguration",
    "LoggingConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
  ),
);

export interface Bucket {
  resource: Resource;
  /** By key, as they are when all deployments have run. */
  objects: ReadonlyMap<string, ObjectModel>;
}

/** @throws AssemblyError also for two deployments whose outcome depends on which of them is the first, when neither is. */
export function readBuckets(stack: Stack, assetDirectories: Map<string, string>): Bucket[] {
  const buckets = stack.resources("AWS::S3::Bucket");
  const deploymentsOf = groupByOwner(stack, {
    type: "Custom::CDKBucketDeployment",
    property: "DestinationBucketName",
    owners: buckets,
  });
  refuseListing(stack);
  return buckets.map((resource) => {
    stack.properties(resource, BucketSchema);
    const deployments = deploymentsOf(resource).map((one) => readDeployment(stack, one, assetDirectories));
    return { resource, objects: deploy(inOrder(deployments)) };
  });
}

function deploy(deployments: BucketDeployment[]): Map<string, ObjectModel> {
  const objects = new Map<string, ObjectModel>();
  for (const deployment of deployments) {
    for (const key of objects.keys()) if (deployment.prunes(key)) objects.delete(key);
    for (const [key, object] of deployment.objects) objects.set(key, object);
  }
  return objects;
}

/** Each after those that it depends on. Without a dependency CloudFormation runs them at the same time. */
function inOrder(deployments: BucketDeployment[]): BucketDeployment[] {
  const byLogicalId = new Map(deployments.map((deployment) => [deployment.resource.logicalId, deployment]));
  const earlierThan = new Map<BucketDeployment, Set<BucketDeployment>>();
  const place = (deployment: BucketDeployment): Set<BucketDeployment> => {
    const placed = earlierThan.get(deployment);
    if (placed) return placed;
    const direct = deployment.resource.dependsOn.flatMap((id) => byLogicalId.get(id) ?? []);
    const earlier = new Set(direct.flatMap((one) => [...place(one), one]));
    for (const other of earlierThan.keys())
      if (!earlier.has(other)) refuseInterference({ deployment, other }, { deployment: other, other: deployment });
    earlierThan.set(deployment, earlier);
    return earlier;
  };
  for (const deployment of deployments) place(deployment);
  return [...earlierThan.keys()];
}

function refuseInterference(...pairs: { deployment: BucketDeployment; other: BucketDeployment }[]): void {
  for (const { deployment, other } of pairs)
    for (const key of other.objects.keys()) {
      const verb = deployment.objects.has(key) ? "deploys" : "prunes";
      if (verb === "prunes" && !deployment.prunes(key)) continue;
      throw new AssemblyError(
        deployment.resource,
        `${verb} ${key}, which ${describe(other.resource)} deploys, at the same time; ` +
          "exclude it, or let one of them depend on the other",
      );
    }
}
