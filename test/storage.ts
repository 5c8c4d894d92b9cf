import { synthesizeDuet } from "../bin/run-duet.ts";
import type { Connections, Conversations, MessageLog, Users } from "../functions/domain/ports.ts";
import { connectionsTable } from "../functions/store/connections.ts";
import { conversationsTable } from "../functions/store/conversations.ts";
import { createDocumentClient, type Table } from "../functions/store/dynamodb.ts";
import { messagesTable } from "../functions/store/messages.ts";
import { usersTable } from "../functions/store/users.ts";
import { loadApp } from "../local/assembly/load-app.ts";
import { type DynamoDbEngine, startDynamoDb } from "../local/dynamodb/dynamodb.ts";
import { createTables } from "../local/dynamodb/tables.ts";

export interface Storage {
  users: Users;
  connections: Connections;
  conversations: Conversations;
  log: MessageLog;
  /** Units consumed since the last call, by the engine's own count. */
  takeUnits(): { read: number; write: number };
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
  const client = createDocumentClient({
    endpoint: dynamoDb.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const units = countUnits(client);
  const table = (name: string): Table => {
    const model = tables.find(({ path }) => path.includes(`/${name}/`));
    if (model === undefined) throw new Error(`The template has no table ${name}`);
    return { client, tableName: model.tableName };
  };
  return {
    users: usersTable(table("Users")),
    connections: connectionsTable(table("Connections")),
    conversations: conversationsTable(table("Conversations")),
    log: messagesTable(table("Messages")),
    takeUnits: units,
    async close() {
      client.destroy();
      await dynamoDb.close();
    },
  };
}

/** Asks for the consumed capacity with every request and adds it up. */
function countUnits(client: Table["client"]): Storage["takeUnits"] {
  let read = 0;
  let write = 0;
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        Object.assign(args.input, { ReturnConsumedCapacity: "TOTAL" });
        const result = await next(args);
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | Consumed[] };
        const consumed = [ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        if (/^(Put|Update|Delete)/.test(commandName)) write += consumed;
        else read += consumed;
        return result;
      },
    { step: "initialize" },
  );
  return () => {
    const taken = { read, write };
    read = 0;
    write = 0;
    return taken;
  };
}

interface Consumed {
  CapacityUnits?: number;
}
