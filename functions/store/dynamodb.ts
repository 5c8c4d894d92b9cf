import { setTimeout } from "node:timers/promises";
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { refuseLate } from "./invocation.ts";

/** One table, and the client to reach it with. */
export interface Table {
  client: DocumentClient;
  tableName: string;
}

type Values = Record<string, unknown>;

/** The input of a command with plain values: what is undefined is left out. */
type Plain<Input> = Omit<Input, ValuesMember> & { [Member in ValuesMember & keyof Input]?: Values | undefined };
type ValuesMember = (typeof VALUES_MEMBERS)[number];
const VALUES_MEMBERS = ["Key", "Item", "ExpressionAttributeValues", "ExclusiveStartKey"] as const;

export type UpdateInput = Plain<UpdateItemCommandInput>;
export type QueryInput = Plain<QueryCommandInput>;

export type DocumentClient = ReturnType<typeof createDocumentClient>;

/**
 * DynamoDB in plain values, with bounds: 3 attempts, 2 s to connect and 3 s to answer for each. Where DynamoDB is comes
 * from the SDK's own environment, unless `config` says it.
 *
 * Of a read's 0.9 ms of processor, @aws-sdk/lib-dynamodb and the middleware stack that it makes the SDK put together
 * anew for each request took a third; it forbids `cacheMiddleware`. So nothing may be added to the stack after the
 * first request.
 */
export function createDocumentClient(config: DynamoDBClientConfig = {}) {
  const client = new DynamoDBClient({
    ...config,
    maxAttempts: 3,
    cacheMiddleware: true,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 3000, throwOnRequestTimeout: true },
  });
  // Inside of the SDK's retries, which are added with the priority "high".
  client.middlewareStack.add(
    (next) => (args) => {
      refuseLate();
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "refuseLate" },
  );
  return {
    async get(input: Plain<GetItemCommandInput>): Promise<Values | undefined> {
      const { Item } = await client.send(new GetItemCommand(marshalled<GetItemCommandInput>(input)));
      return Item && unmarshall(Item);
    },
    async put(input: Plain<PutItemCommandInput>): Promise<void> {
      await client.send(new PutItemCommand(marshalled<PutItemCommandInput>(input)));
    },
    /** Resolves with the attributes that `ReturnValues` asks for. */
    async update(input: UpdateInput): Promise<Values> {
      const { Attributes = {} } = await client.send(new UpdateItemCommand(marshalled<UpdateItemCommandInput>(input)));
      return unmarshall(Attributes);
    },
    async remove(input: Plain<DeleteItemCommandInput>): Promise<void> {
      await client.send(new DeleteItemCommand(marshalled<DeleteItemCommandInput>(input)));
    },
    /** One page. `next` is where the next begins, if there is more. */
    async query(input: QueryInput): Promise<{ items: Values[]; next?: Values }> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand(marshalled<QueryCommandInput>(input)),
      );
      const items = Items.map((item) => unmarshall(item));
      return { items, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) }) };
    },
    /** At most 100 keys, by table. `left` are those that DynamoDB has not come to. */
    async batchGet({ keys, consistent }: { keys: Keys; consistent: boolean }): Promise<{ items: Keys; left: Keys }> {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetItemCommand({
          RequestItems: byTable(keys, (list) => ({
            Keys: list.map((key) => marshall(key)),
            ConsistentRead: consistent,
          })),
        }),
      );
      return {
        items: byTable(Responses, (list) => list.map((item) => unmarshall(item))),
        left: byTable(UnprocessedKeys, ({ Keys = [] }) => Keys.map((key) => unmarshall(key))),
      };
    },
    /** For what has to see every request; to be changed before the first. */
    middlewareStack: client.middlewareStack,
    destroy: () => client.destroy(),
  };
}

/** Keys, or items, by the name of their table. */
type Keys = Record<string, Values[]>;

function byTable<From, To>(lists: Record<string, From> | undefined, to: (list: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(lists ?? {}).map(([tableName, list]) => [tableName, to(list)]));
}

function marshalled<Input>(input: Plain<Input>): Input {
  const values = VALUES_MEMBERS.flatMap((member) => {
    const plain = (input as Record<string, Values | undefined>)[member];
    return plain === undefined ? [] : [[member, marshall(plain, { removeUndefinedValues: true })]];
  });
  return { ...input, ...Object.fromEntries(values) } as Input;
}

/** Runs a conditional write; false where its condition did not hold. */
export async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** A page ends at 1 MB (DynamoDB's Query); a reading that needs more of them than this is a fault of ours. */
const QUERY_PAGES_MAX = 50;

/** The items of a query, page after page, until there are `limit` of them or no more. */
export async function queryItems<Item>(
  { client, tableName }: Table,
  query: Omit<QueryInput, "TableName" | "Limit" | "ExclusiveStartKey">,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let start: Record<string, unknown> | undefined;
  for (let pages = 0; pages < QUERY_PAGES_MAX; pages++) {
    const page = await client.query({
      ...query,
      TableName: tableName,
      ExclusiveStartKey: start,
      ...(Number.isFinite(limit) ? { Limit: limit - items.length } : {}),
    });
    items.push(...(page.items as Item[]));
    start = page.next;
    if (start === undefined || items.length >= limit) return items;
  }
  throw new Error(`A query of ${tableName} did not end within ${QUERY_PAGES_MAX} pages`);
}

/** A batch that DynamoDB does not finish, because it throttles, is asked for again so often. */
const BATCH_ROUNDS_MAX = 5;
const BATCH_BACKOFF_MS_FIRST = 20;

/** The items that there are of at most 100 keys, by table. `isWhole` is false when some could not be read just now. */
export async function batchGet(
  client: DocumentClient,
  { keys, consistent }: { keys: Keys; consistent: boolean },
): Promise<{ items: Keys; isWhole: boolean }> {
  const items: Keys = {};
  let left = keys;
  for (let round = 1; round <= BATCH_ROUNDS_MAX; round++) {
    const page = await client.batchGet({ keys: left, consistent });
    for (const [tableName, found] of Object.entries(page.items))
      items[tableName] = [...(items[tableName] ?? []), ...found];
    left = page.left;
    if (Object.keys(left).length === 0) return { items, isWhole: true };
    await setTimeout(Math.random() * BATCH_BACKOFF_MS_FIRST * 2 ** round);
  }
  return { items, isWhole: false };
}
