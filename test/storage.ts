import { synthesizeDuet } from "../bin/run-duet.ts";
import type { Avatars, Connections, Conversations, MessageLog, Standings, Users } from "../functions/domain/ports.ts";
import { avatarsTable } from "../functions/store/avatars.ts";
import { connectionsTable } from "../functions/store/connections.ts";
import { conversationsTable } from "../functions/store/conversations.ts";
import { createDocumentClient, type Observe, type Table } from "../functions/store/dynamodb.ts";
import { messagesTable } from "../functions/store/messages.ts";
import { standingsOf } from "../functions/store/standings.ts";
import { usersTable } from "../functions/store/users.ts";
import { loadApp } from "../local/assembly/load-app.ts";
import { type DynamoDbEngine, startDynamoDb } from "../local/dynamodb/dynamodb.ts";
import { createTables } from "../local/dynamodb/tables.ts";

/** All that Duet stores. */
export interface Stores {
  users: Users;
  standings: Standings;
  avatars: Avatars;
  connections: Connections;
  conversations: Conversations;
  log: MessageLog;
}

export interface Storage extends Stores {
  /** A table by its noun: `Messages`. */
  table(name: string): Table;
  /** The reads since the last call, and the units consumed, by the engine's own count. */
  takeRequests(): { reads: Read[]; units: { read: number; write: number } };
  close(): Promise<void>;
}

/** The stores of Duet on a real engine, in memory, with the tables of the synthesized template. */
export async function openStorage(engine: DynamoDbEngine): Promise<Storage> {
  const [dynamoDb, outDirectory] = await Promise.all([
    startDynamoDb({ engine, log: () => undefined }),
    synthesizeDuet(),
  ]);
  const { tables } = loadApp({ outDirectory, baseUrl: "http://localhost" });
  await createTables({ endpoint: dynamoDb.endpoint, tables });
  const { observe, takeRequests } = watchRequests();
  const client = createDocumentClient({ ...localDynamoDb(dynamoDb.endpoint), observe });
  const table = (name: string): Table => {
    const model = tables.find(({ path }) => path.includes(`/${name}/`));
    if (model === undefined) throw new Error(`The template has no table ${name}`);
    return { client, tableName: model.tableName };
  };
  return {
    table,
    users: usersTable(table("Users")),
    standings: standingsOf({ users: table("Users"), conversations: table("Conversations") }),
    avatars: avatarsTable(table("Avatars")),
    connections: connectionsTable(table("Connections")),
    conversations: conversationsTable(table("Conversations")),
    log: messagesTable(table("Messages")),
    takeRequests,
    async close() {
      client.destroy();
      await dynamoDb.close();
    },
  };
}

/** What a client of a local DynamoDB is made with: region and credentials only have to be there. */
export function localDynamoDb(endpoint: string) {
  return { endpoint, region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
}

/** The input of a read that was sent, as far as tests look at it. */
export interface Read {
  ConsistentRead?: boolean;
  Key?: Record<string, unknown>;
  /** Of a batch, by table. */
  RequestItems?: Record<string, { ConsistentRead?: boolean; Keys?: Record<string, unknown>[] }>;
}

/** Notes every read, and asks for the consumed capacity of every request and adds it up. */
function watchRequests(): { observe: Observe; takeRequests: Storage["takeRequests"] } {
  const nothing = () => ({ reads: [] as Read[], units: { read: 0, write: 0 } });
  let taken = nothing();
  return {
    async observe(operation, input, next) {
      const output = await next({ ...input, ReturnConsumedCapacity: "TOTAL" });
      const { ConsumedCapacity } = output as { ConsumedCapacity?: Consumed | Consumed[] };
      const units = [ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      if (/^(Put|Update|Delete)/.test(operation)) taken.units.write += units;
      else {
        taken.units.read += units;
        taken.reads.push(input as Read);
      }
      return output;
    },
    takeRequests() {
      const before = taken;
      taken = nothing();
      return before;
    },
  };
}

interface Consumed {
  CapacityUnits?: number;
}
