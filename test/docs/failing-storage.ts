import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startDynamoDb } from "../../local/dynamodb/dynamodb.ts";

/** A real DynamoDB behind a server that can answer in its place as DynamoDB does when it fails, or not at all. */
export async function startFailingStorage() {
  let mode: keyof typeof FAILURES | "works" | "hangs" = "works";
  let hanging: ServerResponse[] = [];
  const dynamoDb = await startDynamoDb({ engine: "dynalite", log: () => undefined });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (mode === "hangs") return void hanging.push(response);
    if (mode !== "works") {
      const { status, type } = FAILURES[mode];
      response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
      return void response.end(JSON.stringify({ __type: type, message: "It fails for a test." }));
    }
    const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers;
    const answer = await fetch(`${dynamoDb.endpoint}${request.url}`, {
      method: request.method ?? "POST",
      headers: headers as Record<string, string>,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const { "content-length": _, ...answered } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, answered).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Does the work while storage is so; afterwards it works again. */
    async while(meanwhile: typeof mode, work: () => Promise<void>): Promise<void> {
      mode = meanwhile;
      try {
        await work();
      } finally {
        mode = "works";
        for (const response of hanging) response.destroy();
        hanging = [];
      }
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await dynamoDb.close();
    },
  };
}

/** Source: "Error handling with DynamoDB", DynamoDB developer guide: the second is not to be repeated, and so a bug. */
const FAILURES = {
  "fails for now": { status: 500, type: "com.amazonaws.dynamodb.v20120810#InternalServerError" },
  "refuses what it is asked": { status: 400, type: "com.amazon.coral.validate#ValidationException" },
};
