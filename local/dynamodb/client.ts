import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** A client for a local DynamoDB, where region and credentials only have to be there. Whoever makes it destroys it. */
export function createClient(endpoint: string): DynamoDBClient {
  // On a Node.js that the AWS SDK is about to drop, it would warn; this is its own switch.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  return new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
}
