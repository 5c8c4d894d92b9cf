import type { IncomingMessage, ServerResponse } from "node:http";
import type { LoadedApp } from "./assembly/load-app.ts";
import type { Chaos } from "./chaos/chaos.ts";
import { createTables } from "./dynamodb/tables.ts";
import { startTtlSweep } from "./dynamodb/ttl-sweep.ts";
import { createHttpApi } from "./http-api/http-api.ts";
import { createIssuerList } from "./identity/issuer-list.ts";
import type { ServeIssuer } from "./identity/issuers.ts";
import { ISSUER_LIST_PATH } from "./identity/paths.ts";
import { createFunctions } from "./lambda/functions.ts";
import type { Route } from "./listen.ts";
import type { BaseUrl, DistributionModel, Invoke, Log } from "./model.ts";
import { createDistribution } from "./website/distribution.ts";
import { createWebSocketApi, refusePlainRequest, refuseUnknownPath } from "./websocket-api/websocket-api.ts";

export interface DeploymentOptions {
  app: LoadedApp;
  /** Of the storage, which outlives the deployment. */
  storage: { endpoint: string; description: string };
  baseUrl: BaseUrl;
  /** Issuers outlive the deployment too, so that tokens stay good. */
  serveIssuer: ServeIssuer;
  log: Log;
  chaos: Chaos;
  /** How often expired items are deleted. Default 5 s. */
  ttlIntervalMs?: number | undefined;
  /** When WebSocket connections end that say nothing, or that are old; the defaults are API Gateway's. */
  idleTimeoutMs?: number | undefined;
  lifeMaxMs?: number | undefined;
}

/** One version of an app: its tables, functions and APIs. Storage and issuers stay while versions come and go. */
export interface Deployment {
  app: LoadedApp;
  routes: Route[];
  /** Kills a process that is at work on an event of that function, as a fault may; false where there is none. */
  kill(functionArn: string): boolean;
  /** Closes the sockets, lets `$disconnect` run, and ends every process with what is still under way in it. */
  close(): Promise<void>;
  /** The same, but lets what is under way end first. It may be closed meanwhile. */
  retire(): Promise<void>;
}

/** Makes the tables that are missing and starts the rest. Rejects, with nothing left running, when that cannot be. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const { app, storage, log, chaos, ttlIntervalMs: intervalMs } = options;
  await createTables({ endpoint: storage.endpoint, tables: app.tables }).catch((cause: Error) => {
    throw new Error(`The tables cannot be served from ${storage.description}: ${cause.message}`, { cause });
  });
  const ttl = startTtlSweep({ endpoint: storage.endpoint, tables: app.tables, intervalMs, log });
  const environment = { AWS_ENDPOINT_URL_DYNAMODB: storage.endpoint };
  const functions = createFunctions({ functions: app.functions, environment, log });
  const end = async () => void (await Promise.all([ttl.close(), functions.close()]));
  try {
    const routes = await createRoutes({ ...options, invoke: chaos.killing(functions.invoke, functions.kill) });
    const closeRoutes = () => Promise.all(routes.map((route) => route.close?.()));
    return {
      app,
      routes,
      kill: functions.kill,
      close: () => closeRoutes().then(end),
      retire: () => closeRoutes().then(functions.idle).then(end),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function createRoutes(options: DeploymentOptions & { invoke: Invoke }): Promise<Route[]> {
  const { app, invoke, baseUrl, serveIssuer, log, chaos, idleTimeoutMs, lifeMaxMs } = options;
  const routes: Route[] = [];
  /** What the APIs that are origins of a distribution serve, by the API's id: only its behaviors lead there. */
  const behindDistribution = new Map(originApis(app.distributions).map((apiId): [string, Route[]] => [apiId, []]));
  const serveApi = (apiId: string, route: Route) => (behindDistribution.get(apiId) ?? routes).push(route);

  const listIssuers = createIssuerList(app.userPools.map(({ issuer }) => issuer));
  routes.push({ path: ISSUER_LIST_PATH, handle: listIssuers });
  for (const userPool of app.userPools) {
    const handle = await serveIssuer(userPool);
    // Authorizers of requests under way fetch its keys, and functions push by way of `@connections`.
    routes.push({ path: `${new URL(userPool.issuer).pathname}/*`, handle, servesWhileDraining: true });
  }
  for (const model of app.webSocketApis) {
    const limits = { idleTimeoutMs, lifeMaxMs };
    const { upgrade, manage, close } = createWebSocketApi({ model, invoke, baseUrl, log, chaos, ...limits });
    const refuse = (_request: IncomingMessage, response: ServerResponse) => refusePlainRequest(response);
    routes.push({ path: `/${model.stage}/@connections/*`, handle: manage, servesWhileDraining: true });
    serveApi(model.apiId, { path: `/${model.stage}`, handle: refuse, upgrade, close });
  }
  const unknown = (_request: IncomingMessage, response: ServerResponse) => refuseUnknownPath(response);
  if (app.webSocketApis.length > 0) routes.push({ path: "/@connections/*", handle: unknown });
  // A named stage first: the paths of `$default` are all that is left.
  for (const model of app.httpApis.toSorted(
    (a, b) => Number(a.stage === "$default") - Number(b.stage === "$default"),
  )) {
    const { handle } = createHttpApi({ model, invoke, baseUrl, log });
    serveApi(model.apiId, { path: model.stage === "$default" ? "/*" : `/${model.stage}/*`, handle });
  }
  for (const model of app.distributions) {
    const close = async () => {
      await Promise.all([...behindDistribution.values()].flat().map((route) => route.close?.()));
    };
    routes.push({ path: "/*", ...createDistribution({ model, apis: behindDistribution, log }), close });
  }
  if (app.webSocketApis.length > 0) routes.push({ path: "/*", handle: unknown });
  return routes;
}

function originApis(distributions: DistributionModel[]): string[] {
  return distributions.flatMap(({ behaviors }) =>
    behaviors.flatMap(({ origin }) => (origin.kind === "api" ? [origin.apiId] : [])),
  );
}
