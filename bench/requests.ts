import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { createDocumentClient } from "../functions/store/dynamodb.ts";
import { command, whole } from "./options.ts";
import { table } from "./table.ts";

const HELP = `node --import tsx bench/requests.ts [options]

How much processor of its own a function spends on one GetItem: by the SDK's client as it comes, by
functions/store/dynamodb.ts, and by a bare HTTP request, without signature, retries and bounds of time. The server is a
process's thread that answers at once with a fixed item, so that nothing else is in the figures but its own answer, which
is the same for all three.

  --count N      requests of each, after a fifth of that which do not count, 100 to 1,000,000. Default 10000
  --help
`;

const KEY = { username: "alice" };
const ITEM = JSON.stringify({
  Item: { username: { S: "alice" }, displayName: { S: "Alice" }, createdAt: { S: "2026-01-01" } },
});

/** How long so many take, one after another, in ms of processor each. */
async function cpuMs(count: number, send: () => Promise<unknown>): Promise<number> {
  for (let index = 0; index < count / 5; index++) await send();
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await send();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

async function bare(agent: Agent, port: number): Promise<unknown> {
  const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/", agent });
  sent.end(JSON.stringify({ TableName: "Users", Key: { username: { S: "alice" } }, ConsistentRead: true }));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += chunk;
  return JSON.parse(text);
}

async function measure(count: number): Promise<string> {
  const server = createServer((incoming, response) => {
    incoming
      .resume()
      .on("end", () => response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(ITEM));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const at = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
  const agent = new Agent({ keepAlive: true });
  const sdk = new DynamoDBClient(at);
  const ours = createDocumentClient(at);
  const input = { TableName: "Users", ConsistentRead: true };
  const rows: [string, () => Promise<unknown>][] = [
    ["a bare HTTP request", () => bare(agent, port)],
    ["functions/store/dynamodb.ts", () => ours.get({ ...input, Key: KEY })],
    [
      "the SDK's client as it comes",
      () => sdk.send(new GetItemCommand({ ...input, Key: { username: { S: "alice" } } })),
    ],
  ];
  const measured: string[][] = [];
  for (const [name, send] of rows) measured.push([name, (await cpuMs(count, send)).toFixed(3)]);
  server.close();
  server.closeAllConnections();
  for (const client of [sdk, ours, agent]) client.destroy();
  return table(["", "ms of processor, with the server's"], measured);
}

await command(HELP, { count: { type: "string", default: "10000" } }, async (values) => {
  process.stdout.write(await measure(whole(values, "count", { min: 100, max: 1_000_000 })));
});
