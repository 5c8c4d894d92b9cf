import { setTimeout } from "node:timers/promises";
import type {
  BatchGetItemInput,
  BatchGetItemOutput,
  DeleteItemInput,
  GetItemInput,
  GetItemOutput,
  PutItemInput,
  QueryInput as QueryItemsInput,
  QueryOutput,
  UpdateItemInput,
  UpdateItemOutput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { type AwsEndpoint, AwsError, awsRequests } from "./aws-requests.ts";
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

export type UpdateInput = Plain<UpdateItemInput>;
export type QueryInput = Plain<QueryItemsInput>;

export type DocumentClient = ReturnType<typeof createDocumentClient>;

/** Sees every request on its way: its operation, `GetItem`, and its input, which it hands on by `next`. */
export type Observe = <Output>(
  operation: string,
  input: object,
  next: (input: object) => Promise<Output>,
) => Promise<Output>;

/**
 * DynamoDB in plain values, with bounds: 3 attempts, 2 s to connect and 3 s to answer for each. Where DynamoDB is comes
 * from the environment, unless `config` says it: `AWS_ENDPOINT_URL_DYNAMODB`, or the Region's own.
 * Rejects with `AwsError`; what an invocation has left behind with `LateError`.
 */
export function createDocumentClient({ observe, ...config }: Partial<AwsEndpoint> & { observe?: Observe } = {}) {
  const { region = process.env.AWS_REGION ?? "" } = config;
  const endpoint = config.endpoint ?? process.env.AWS_ENDPOINT_URL_DYNAMODB ?? endpointOf(region);
  const requests = awsRequests({
    ...config,
    service: "dynamodb",
    region,
    endpoint,
    connectMsMax: 2000,
    answerMsMax: 3000,
    beforeAttempt: refuseLate,
  });
  const post = async <Output>(operation: string, input: object): Promise<Output> => {
    const answer = await requests.send({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${operation}` },
      body: toJson(input),
    });
    return fromJson(answer) as Output;
  };
  const send = <Output>(operation: string, input: object): Promise<Output> =>
    observe === undefined
      ? post(operation, input)
      : observe(operation, input, (observed) => post<Output>(operation, observed));
  return {
    async get(input: Plain<GetItemInput>): Promise<Values | undefined> {
      const { Item } = await send<GetItemOutput>("GetItem", marshalled<GetItemInput>(input));
      return Item && unmarshall(Item);
    },
    async put(input: Plain<PutItemInput>): Promise<void> {
      await send("PutItem", marshalled<PutItemInput>(input));
    },
    /** Resolves with the attributes that `ReturnValues` asks for. */
    async update(input: UpdateInput): Promise<Values> {
      const { Attributes = {} } = await send<UpdateItemOutput>("UpdateItem", marshalled<UpdateItemInput>(input));
      return unmarshall(Attributes);
    },
    async remove(input: Plain<DeleteItemInput>): Promise<void> {
      await send("DeleteItem", marshalled<DeleteItemInput>(input));
    },
    /** One page. `next` is where the next begins, if there is more. */
    async query(input: QueryInput): Promise<{ items: Values[]; next?: Values }> {
      const { Items = [], LastEvaluatedKey } = await send<QueryOutput>("Query", marshalled<QueryItemsInput>(input));
      const items = Items.map((item) => unmarshall(item));
      return { items, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) }) };
    },
    /** At most 100 keys. `left` are those that DynamoDB has not come to. */
    async batchGet(wanted: Wanted): Promise<{ items: Record<string, Values[]>; left: Wanted }> {
      const input: BatchGetItemInput = {
        RequestItems: byTable(wanted, ({ keys, consistent }) => ({
          Keys: keys.map((key) => marshall(key)),
          ConsistentRead: consistent,
        })),
      };
      const { Responses, UnprocessedKeys } = await send<BatchGetItemOutput>("BatchGetItem", input);
      return {
        items: byTable(Responses, (list) => list.map((item) => unmarshall(item))),
        left: byTable(UnprocessedKeys, ({ Keys = [], ConsistentRead = false }) => ({
          keys: Keys.map((key) => unmarshall(key)),
          consistent: ConsistentRead,
        })),
      };
    },
    destroy: requests.destroy,
  };
}

function endpointOf(region: string): string {
  return `https://dynamodb.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** Bytes go as base64. An attribute's value of the type B is the only string under this name: all others are `{ type: value }`. */
function toJson(input: object): string {
  return JSON.stringify(input, function (this: Record<string, unknown>, name, value: unknown) {
    const plain = this[name];
    return plain instanceof Uint8Array ? Buffer.from(plain).toString("base64") : value;
  });
}

function fromJson(body: string): unknown {
  if (!body.includes('"B":"')) return JSON.parse(body);
  return JSON.parse(body, (name, value: unknown) =>
    name === "B" && typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : value,
  );
}

/** Which items are to be read, by the name of their table. */
type Wanted = Record<string, { keys: Values[]; consistent: boolean }>;

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
    if (error instanceof AwsError && error.name === "ConditionalCheckFailedException") return false;
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
  wanted: Wanted,
): Promise<{ items: Record<string, Values[]>; isWhole: boolean }> {
  const items: Record<string, Values[]> = {};
  let left = wanted;
  for (let round = 1; round <= BATCH_ROUNDS_MAX; round++) {
    const page = await client.batchGet(left);
    for (const [tableName, found] of Object.entries(page.items))
      items[tableName] = [...(items[tableName] ?? []), ...found];
    left = page.left;
    if (Object.keys(left).length === 0) return { items, isWhole: true };
    await setTimeout(Math.random() * BATCH_BACKOFF_MS_FIRST * 2 ** round);
  }
  return { items, isWhole: false };
}
