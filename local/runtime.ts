import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { type LoadedApp, loadApp } from "./assembly/load-app.ts";
import { type DynamoDbEngine, startDynamoDb } from "./dynamodb/dynamodb.ts";
import { createTables } from "./dynamodb/tables.ts";
import { startTtlSweep } from "./dynamodb/ttl-sweep.ts";
import { createHttpApi } from "./http-api/http-api.ts";
import { createIssuer } from "./identity/issuer.ts";
import { createIssuerList } from "./identity/issuer-list.ts";
import { ISSUER_LIST_PATH } from "./identity/paths.ts";
import { createFunctions } from "./lambda/functions.ts";
import { listen, type Route } from "./listen.ts";
import type { BaseUrl, Log } from "./model.ts";
import { createWebSocketApi, refusePlainRequest } from "./websocket-api/websocket-api.ts";

export interface RuntimeOptions {
  /** The cloud assembly to serve, or the promise of it: storage is started meanwhile. */
  outDirectory: string | Promise<string>;
  /** Port on loopback; 0 takes a free one. */
  port: number;
  /** Where messages, keys and refresh tokens are kept. Absent: nothing is. */
  dataDirectory?: string;
  dynamoDb: DynamoDbEngine;
  log: Log;
  /** Called when storage ends by itself, which ends the system. */
  onStorageLost: (error: Error) => void;
}

export interface Runtime {
  baseUrl: BaseUrl;
  app: LoadedApp;
  /** Which storage is used, in words, and where it can be asked. */
  storage: string;
  storageEndpoint: string;
  /** `beganAtMs` by `performance.now()`; the others in ms since then. */
  milestones: { beganAtMs: number; assemblyMs: number; readyMs: number };
  /** Kills a process that is at work on an event of that function, as a fault may; false where there is none. */
  kill(functionArn: string): boolean;
  /** Closes the sockets, lets `$disconnect` run, and ends every process that was started. A repeat is safe. */
  close(): Promise<void>;
}

/**
 * Serves a synthesized app on one port: its HTTP API at the root, its WebSocket APIs below their stages' names, and
 * the issuer that stands in for its user pools below `/_local/issuer`.
 * Rejects, with everything ended again, when the port is taken or the app cannot be served.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const beganAtMs = performance.now();
  const sinceBeganMs = () => performance.now() - beganAtMs;
  const { dataDirectory, log } = options;
  /** Run backwards to close: what was opened last is closed first. */
  const closers: (() => Promise<void>)[] = [];
  const close = once(async () => {
    for (const closer of closers.toReversed()) await closer();
  });

  try {
    const server = await listen(options.port);
    closers.push(server.close);
    const outDirectory = Promise.resolve(options.outDirectory);
    outDirectory.catch(() => undefined); // It is awaited below, and may fail before that.

    const storage = await startDynamoDb({
      engine: options.dynamoDb,
      log,
      onExit: options.onStorageLost,
      ...(dataDirectory === undefined ? {} : { dataDirectory: join(dataDirectory, "dynamodb") }),
    });
    closers.push(storage.close);
    const app = loadApp({ outDirectory: await outDirectory, baseUrl: server.baseUrl });
    const assemblyMs = sinceBeganMs();

    await createTables({ endpoint: storage.endpoint, tables: app.tables }).catch((cause: Error) => {
      throw new Error(`The tables cannot be served from ${storage.description}: ${cause.message}`, { cause });
    });
    const ttl = startTtlSweep({ endpoint: storage.endpoint, tables: app.tables, log });
    closers.push(ttl.close);
    const environment = { AWS_ENDPOINT_URL_DYNAMODB: storage.endpoint };
    const functions = createFunctions({ functions: app.functions, environment, log });
    closers.push(functions.close);

    const routes = await createRoutes({ app, invoke: functions.invoke, baseUrl: server.baseUrl, dataDirectory, log });
    for (const { close: closeRoute } of routes) if (closeRoute !== undefined) closers.push(closeRoute);
    server.serve(routes);
    const milestones = { beganAtMs, assemblyMs, readyMs: sinceBeganMs() };
    return {
      baseUrl: server.baseUrl,
      app,
      storage: storage.description,
      storageEndpoint: storage.endpoint,
      milestones,
      kill: functions.kill,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createRoutes(parts: {
  app: LoadedApp;
  invoke: ReturnType<typeof createFunctions>["invoke"];
  baseUrl: BaseUrl;
  dataDirectory: string | undefined;
  log: Log;
}): Promise<Route[]> {
  const { app, invoke, baseUrl, dataDirectory, log } = parts;
  const routes: Route[] = [];

  const listIssuers = createIssuerList(app.userPools.map(({ issuer }) => issuer));
  routes.push({ path: ISSUER_LIST_PATH, handle: listIssuers });
  for (const userPool of app.userPools) {
    const keyDirectory = dataDirectory === undefined ? {} : { keyDirectory: join(dataDirectory, "identity") };
    const { handle } = await createIssuer({ userPool, log, ...keyDirectory });
    routes.push({ path: `${new URL(userPool.issuer).pathname}/*`, handle });
  }
  for (const model of app.webSocketApis) {
    const { upgrade, manage, close } = createWebSocketApi({ model, invoke, baseUrl, log });
    const refuse = (_request: IncomingMessage, response: ServerResponse) => refusePlainRequest(response);
    routes.push({ path: `/${model.stage}/@connections/*`, handle: manage });
    routes.push({ path: `/${model.stage}`, handle: refuse, upgrade, close });
  }
  for (const model of app.httpApis) {
    const { handle } = createHttpApi({ model, invoke, baseUrl, log });
    routes.push({ path: model.stage === "$default" ? "/*" : `/${model.stage}/*`, handle });
  }
  return routes;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= action();
    return running;
  };
}
