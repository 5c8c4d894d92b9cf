import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { findRoute, type Route, refuseUpgrade } from "../listen.ts";
import type { BehaviorModel, DistributionModel, Log, OriginModel } from "../model.ts";
import { type Answer, createEdgeError, sendAnswer } from "./answer.ts";
import { answerFromApi } from "./api-origin.ts";
import { answerFromBucket } from "./bucket-origin.ts";
import { findBehavior } from "./find-behavior.ts";
import { applyResponseHeaders } from "./response-headers.ts";
import { createViewerFunctions } from "./viewer-functions.ts";

export interface Distribution {
  /** Answers one request. Never rejects: what goes wrong is logged and answered with a 500. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Hands a handshake on to the WebSocket API of its behavior, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** A distribution of CloudFront without its caches: every request is as one that CloudFront has not seen yet. */
export function createDistribution(options: {
  model: DistributionModel;
  /** By the API's id, its stages with their paths. */
  apis: ReadonlyMap<string, Route[]>;
  log: Log;
}): Distribution {
  const { model, apis, log } = options;
  const behaviors = model.behaviors.map((behavior) => ({
    ...behavior,
    functions: createViewerFunctions(model, behavior, log),
  }));
  const routesOf = (origin: OriginModel) => (origin.kind === "api" ? (apis.get(origin.apiId) ?? []) : []);

  /** Resolves with nothing when the client went away before it had sent everything. */
  async function answer(request: IncomingMessage): Promise<Answer | undefined> {
    const behavior = findBehavior(behaviors, request.url ?? "/");
    const { allowedMethods, functions, responseHeaders } = behavior;
    const withHeaders = (given: Answer) => {
      if (responseHeaders) applyResponseHeaders(given.headers, responseHeaders);
      return given;
    };
    if (!allowedMethods.includes(request.method ?? "")) {
      return withHeaders(createEdgeError(403, `The behavior allows ${allowedMethods.join(", ")} only.`));
    }
    const generated = functions.onRequest(request);
    if (generated) return withHeaders(generated);
    const { url } = request;
    const given = await askOrigin(behavior, request);
    if (given === undefined) return undefined;
    request.url = url; // What was asked for, as the other function gets to know it.
    // "Restrictions on all edge functions" of the CloudFront Developer Guide: no function sees an origin's error.
    if (given.statusCode >= 400) return withHeaders(await replaceError(given));
    return functions.onResponse(request, withHeaders(given));
  }

  async function askOrigin({ origin }: BehaviorModel, request: IncomingMessage): Promise<Answer | undefined> {
    const target = targetOf(request.url ?? "/", model.defaultRootObject);
    request.url = origin.originPath + target;
    if (origin.kind === "api") return answerFromApi(routesOf(origin), request);
    return answerFromBucket(origin.objects, {
      method: request.method ?? "",
      path: request.url.split("?", 1)[0] ?? "",
      ifNoneMatch: request.headers["if-none-match"],
    });
  }

  /** The page is got by a request of CloudFront's own, which no function sees; it may fail in its turn. */
  async function replaceError(error: Answer): Promise<Answer> {
    const page = model.errorResponses.find(({ errorCode }) => errorCode === error.statusCode);
    if (page === undefined) return error;
    const { origin } = findBehavior(behaviors, page.pagePath);
    if (origin.kind === "api") return error;
    const found = await answerFromBucket(origin.objects, { method: "GET", path: origin.originPath + page.pagePath });
    return found.statusCode === 200 ? { ...found, statusCode: page.responseCode } : found;
  }

  return {
    async handle(request, response) {
      const subject = `${request.method} ${request.url?.split("?", 1)[0]}`;
      try {
        const result = await answer(request);
        if (result !== undefined) sendAnswer(response, result);
      } catch (error) {
        log(model.path, `${subject}: ${error instanceof Error ? error.stack : error}`);
        if (response.headersSent) response.destroy();
        else sendAnswer(response, createEdgeError(500, "The local runtime failed; its log says why."));
      }
    },

    upgrade(request, socket, head) {
      const { origin } = findBehavior(behaviors, request.url ?? "/");
      request.url = origin.originPath + (request.url ?? "/");
      const upgrade = findRoute(routesOf(origin), request.url)?.upgrade;
      if (upgrade) upgrade(request, socket, head);
      else refuseUpgrade(socket, 403);
    },
  };
}

/** "Specify a default root object" of the CloudFront Developer Guide: it is for `/` alone, and no function sees it. */
function targetOf(target: string, defaultRootObject: string | undefined): string {
  const isRoot = target === "/" || target.startsWith("/?");
  return isRoot && defaultRootObject !== undefined ? `/${defaultRootObject}${target.slice(1)}` : target;
}
