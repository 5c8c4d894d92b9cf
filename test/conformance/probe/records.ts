import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";

const TableName = process.env.RECORDS_TABLE ?? "";
const client = DynamoDBDocumentClient.from(new DynamoDBClient());

const KEPT_SECONDS = 24 * 60 * 60;
/** Far more than any test makes. */
const RECORDS_MAX = 100;
const POLL_MS = 50;
/** Less than the timeout of a function that waits. */
const WAIT_MS_MAX = 10_000;

export interface ProbeRecord {
  kind: string;
  detail: unknown;
}

/** Notes what a function saw under a subject: a connectionId, or a mark that a test made up. */
export async function record(subject: string, { kind, detail }: ProbeRecord): Promise<void> {
  const nowMs = Date.now();
  await client.send(
    new PutCommand({
      TableName,
      Item: {
        subject,
        at: `${new Date(nowMs).toISOString()} ${randomUUID()}`,
        kind,
        // As text, since the table would take neither an empty set nor a member that is undefined.
        detail: JSON.stringify(detail),
        expiresAtSeconds: Math.floor(nowMs / 1000) + KEPT_SECONDS,
      },
    }),
  );
}

/** The oldest first. */
export async function recordsOf(subject: string): Promise<ProbeRecord[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "subject = :subject",
      ExpressionAttributeValues: { ":subject": subject },
      ConsistentRead: true,
      ScanIndexForward: true,
      Limit: RECORDS_MAX,
    }),
  );
  return Items.map(({ kind, detail }) => ({ kind, detail: JSON.parse(detail) }));
}

/** Resolves when there is a record of that kind; rejects after `WAIT_MS_MAX`. */
export async function recorded(subject: string, kind: string): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  while (!(await recordsOf(subject)).some((each) => each.kind === kind)) {
    if (Date.now() > deadlineMs) throw new Error(`There is no record ${kind} of ${subject}`);
    await delay(POLL_MS);
  }
}

/** Resolves when both of two invocations have come here, which takes that they run at the same time. */
export async function meet({ place, name, other }: { place: string; name: string; other: string }): Promise<void> {
  await record(place, { kind: name, detail: null });
  await recorded(place, other);
}
