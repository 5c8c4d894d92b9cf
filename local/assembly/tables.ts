import * as v from "valibot";
import type { TableModel } from "../model.ts";
import { AssemblyError, refuseRepeats } from "./assembly-error.ts";
import { flag, text, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";

// What is stored locally is neither billed, backed up, encrypted, replicated nor protected from its owner.
const SERVED = {
  TableName: v.optional(text),
  KeySchema: v.array(v.strictObject({ AttributeName: text, KeyType: v.picklist(["HASH", "RANGE"]) })),
  AttributeDefinitions: v.array(v.strictObject({ AttributeName: text, AttributeType: v.picklist(["S", "N", "B"]) })),
  TimeToLiveSpecification: v.optional(v.strictObject({ AttributeName: v.optional(text), Enabled: flag })),
  ...withoutLocalEffect("BillingMode", "SSESpecification", "WarmThroughput"),
};

const REPLICA_WITHOUT_LOCAL_EFFECT = withoutLocalEffect(
  "ContributorInsightsSpecification",
  "DeletionProtectionEnabled",
  "PointInTimeRecoverySpecification",
  "ResourcePolicy",
  "TableClass",
  "Tags",
);

const TableSchema = v.strictObject({
  ...SERVED,
  ...REPLICA_WITHOUT_LOCAL_EFFECT,
  ...withoutLocalEffect("OnDemandThroughput", "ProvisionedThroughput"),
});

const GlobalTableSchema = v.strictObject({
  ...SERVED,
  Replicas: v.array(
    v.strictObject({
      ...REPLICA_WITHOUT_LOCAL_EFFECT,
      ...withoutLocalEffect("ReadOnDemandThroughputSettings", "ReadProvisionedThroughputSettings"),
      ...withoutLocalEffect("Region", "SSESpecification"),
    }),
  ),
  ...withoutLocalEffect("WriteOnDemandThroughputSettings", "WriteProvisionedThroughputSettings"),
});

/** Source: DynamoDB Developer Guide, "Naming rules". */
const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

export function readTables(stack: Stack): TableModel[] {
  const resources = stack.resources("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable");
  refuseRepeats(resources, (resource) => `the table name ${stack.identity(resource).ref}`);

  return resources.map((resource) => {
    const schema = resource.type === "AWS::DynamoDB::Table" ? TableSchema : GlobalTableSchema;
    const properties = stack.properties(resource, schema);
    const tableName = stack.identity(resource).ref;
    if (!TABLE_NAME.test(tableName)) {
      throw new AssemblyError(resource, `needs a TableName of 3 to 255 of A-Z a-z 0-9 _ . -, has ${tableName}`);
    }
    const { Enabled: expires, AttributeName: ttlAttribute } = properties.TimeToLiveSpecification ?? {};
    return {
      path: resource.path,
      tableName,
      keySchema: properties.KeySchema.map((key) => ({ attributeName: key.AttributeName, keyType: key.KeyType })),
      attributeDefinitions: properties.AttributeDefinitions.map((attribute) => ({
        attributeName: attribute.AttributeName,
        attributeType: attribute.AttributeType,
      })),
      ...(expires && ttlAttribute !== undefined && { ttlAttribute }),
    };
  });
}
