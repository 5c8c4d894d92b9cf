import { join } from "node:path";
import { type LoadedApp, loadApp } from "./assembly/load-app.ts";
import { createChaos } from "./chaos/chaos.ts";
import type { ChaosShares } from "./chaos/chaos-file.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { type DynamoDbEngine, startDynamoDb } from "./dynamodb/dynamodb.ts";
import { createIssuers } from "./identity/issuers.ts";
import { listen } from "./listen.ts";
import type { BaseUrl, Log } from "./model.ts";

export interface RuntimeOptions {
  /** The cloud assembly to serve, or the promise of it: storage is started meanwhile. */
  outDirectory: string | Promise<string>;
  /** Port on loopback; 0 takes a free one. */
  port: number;
  /** Where messages, keys and refresh tokens are kept. Absent: nothing is. */
  dataDirectory?: string;
  dynamoDb: DynamoDbEngine;
  log: Log;
  /** Faults that are to come. Default none. */
  chaos?: ChaosShares;
  /** How often expired items are deleted. Default 5 s. */
  ttlIntervalMs?: number;
  /** A WebSocket connection ends when no message has come or gone for so long. Default 10 min, as API Gateway has it. */
  idleTimeoutMs?: number;
  /** A WebSocket connection ends when it is so old. Default 2 h, as API Gateway has it. */
  lifeMaxMs?: number;
  /** Called when storage ends by itself, which ends the system. */
  onStorageLost: (error: Error) => void;
}

export interface Runtime {
  baseUrl: BaseUrl;
  /** What is served now, and the cloud assembly that it was read from. */
  readonly app: LoadedApp;
  readonly outDirectory: string;
  /** Which storage is used, in words, and where it can be asked. */
  storage: string;
  storageEndpoint: string;
  /** `beganAtMs` by `performance.now()`; the others in ms since then. */
  milestones: { beganAtMs: number; assemblyMs: number; readyMs: number };
  /** Kills a process that is at work on an event of that function, as a fault may; false where there is none. */
  kill(functionArn: string): boolean;
  /**
   * Serves another version of the app in place of the present one. What is stored stays, access tokens stay good, and a
   * request under way is finished by the version that it came to; WebSocket connections are closed with 1001, to
   * connect again. Rejects when the version cannot be served; then the present one goes on. Not to be called again
   * before it has settled.
   */
  reload(outDirectory: string): Promise<void>;
  /** How often each fault of `chaos` has come. */
  faults(): Record<string, number>;
  /**
   * Refuses new requests and lets those under way end, closes the sockets, lets `$disconnect` run, and ends every
   * process that was started. A repeat is safe.
   */
  close(): Promise<void>;
}

/**
 * Serves a synthesized app on one port: its HTTP API at the root, its WebSocket APIs below their stages' names, and
 * the issuer that stands in for its user pools below `/_local/issuer`. Where it has a distribution, that is at the
 * root, and leads to the APIs that are its origins.
 * Rejects, with everything ended again, when the port is taken or the app cannot be served.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const beganAtMs = performance.now();
  const sinceBeganMs = () => performance.now() - beganAtMs;
  const { dataDirectory, log, ttlIntervalMs, idleTimeoutMs, lifeMaxMs } = options;
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

    const { baseUrl } = server;
    const chaos = createChaos(options.chaos);
    const serveIssuer = createIssuers({
      log,
      ...(dataDirectory === undefined ? {} : { keyDirectory: join(dataDirectory, "identity") }),
    });
    const limits = { ttlIntervalMs, idleTimeoutMs, lifeMaxMs };
    const deployFrom = (from: string) => {
      const app = loadApp({ outDirectory: from, baseUrl });
      return deploy({ app, storage, baseUrl, serveIssuer, log, chaos, ...limits });
    };
    let directory = await outDirectory;
    const assemblyMs = sinceBeganMs();
    let current: Deployment = await deployFrom(directory);
    const deployments = new Set([current]);
    closers.push(async () => void (await Promise.all([...deployments].map((deployment) => deployment.close()))));
    closers.push(() => server.drain());
    server.serve(current.routes);
    return {
      baseUrl,
      get app() {
        return current.app;
      },
      get outDirectory() {
        return directory;
      },
      storage: storage.description,
      storageEndpoint: storage.endpoint,
      milestones: { beganAtMs, assemblyMs, readyMs: sinceBeganMs() },
      kill: (functionArn) => current.kill(functionArn),
      async reload(changed) {
        const next = await deployFrom(changed);
        const earlier = current;
        [current, directory] = [next, changed];
        deployments.add(next);
        server.serve(next.routes);
        await earlier.retire();
        deployments.delete(earlier);
      },
      faults: chaos.counts,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= action();
    return running;
  };
}
