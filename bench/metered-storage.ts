import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startDynamoDb } from "../local/dynamodb/dynamodb.ts";

export interface Units {
  requests: number;
  read: number;
  write: number;
}

/**
 * DynamoDB Local behind a server that asks for the consumed capacity of each request and adds it up, so that the
 * functions are measured as they are. It counts as DynamoDB does on demand: a unit is a write of up to 1 KB, or a
 * consistent read of up to 4 KB.
 */
export async function startMeteredStorage() {
  const dynamoDb = await startDynamoDb({ engine: "java", log: () => undefined });
  const agent = new Agent({ keepAlive: true });
  let units = none();
  const server = createServer(async (incoming, response) => {
    const target = String(incoming.headers["x-amz-target"] ?? "");
    const [, operation = ""] = target.split(".");
    const body = await bytes(incoming);
    const isCounted = /^(GetItem|BatchGetItem|Query|PutItem|UpdateItem|DeleteItem)$/.test(operation);
    const asked = isCounted ? JSON.stringify({ ...parse(body), ReturnConsumedCapacity: "TOTAL" }) : body;
    const { status, headers, answer } = await forward(agent, { endpoint: dynamoDb.endpoint, incoming, body: asked });
    if (isCounted) {
      units.requests += 1;
      units[/^(Put|Update|Delete)/.test(operation) ? "write" : "read"] += consumed(operation, answer, status);
    }
    reply(response, { status, headers, answer });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What was used since the last call. */
    take(): Units {
      const taken = units;
      units = none();
      return taken;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await dynamoDb.close();
    },
  };
}

const none = (): Units => ({ requests: 0, read: 0, write: 0 });

interface Consumed {
  CapacityUnits?: number;
}

/** A condition that fails is charged as a write, and its answer says no capacity. */
function consumed(operation: string, answer: Buffer, status: number): number {
  const { ConsumedCapacity } = parse(answer) as { ConsumedCapacity?: Consumed | Consumed[] };
  if (status === 400 && answer.includes("ConditionalCheckFailed")) return 1;
  if (ConsumedCapacity === undefined) throw new Error(`${operation} says no capacity: ${answer}`);
  return [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

const parse = (body: Buffer): object => JSON.parse(body.toString()) as object;

async function bytes(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function forward(
  agent: Agent,
  { endpoint, incoming, body }: { endpoint: string; incoming: IncomingMessage; body: string | Buffer },
): Promise<{ status: number; headers: IncomingMessage["headers"]; answer: Buffer }> {
  const { "content-length": _, ...headers } = incoming.headers;
  const sent = request(`${endpoint}${incoming.url}`, { agent, method: incoming.method ?? "POST", headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, answer: await bytes(response) };
}

function reply(
  response: ServerResponse,
  { status, headers, answer }: { status: number; headers: IncomingMessage["headers"]; answer: Buffer },
): void {
  const { "content-length": _length, "transfer-encoding": _encoding, ...others } = headers;
  response.writeHead(status, others).end(answer);
}
