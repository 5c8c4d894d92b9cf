import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BehaviorModel, DistributionModel, Log } from "../model.ts";
import { type Answer, createEdgeError } from "./answer.ts";
import { createEdgeFunction, type EdgeFunction } from "./edge-function.ts";
import { changeRequest, describeRequest, parseVerdict } from "./edge-request.ts";
import { createAnswerOf, describeAnswer, parseEdgeResponse } from "./edge-response.ts";

/** The two functions of a behavior; each does nothing where the behavior has none. */
export interface ViewerFunctions {
  /** Changes the request, or gives the answer that takes the place of the origin's. */
  onRequest(request: IncomingMessage): Answer | undefined;
  /** Gives what becomes of the answer; `request` is as the viewer sent it, or as `onRequest` left it. */
  onResponse(request: IncomingMessage, answer: Answer): Answer;
}

export function createViewerFunctions(
  distribution: DistributionModel,
  { viewerRequest, viewerResponse }: BehaviorModel,
  log: Log,
): ViewerFunctions {
  const onRequest = viewerRequest && createEdgeFunction(viewerRequest, log);
  const onResponse = viewerResponse && createEdgeFunction(viewerResponse, log);

  const call = (
    edgeFunction: EdgeFunction,
    eventType: string,
    request: IncomingMessage,
    response?: object,
  ): unknown => {
    const { distributionId, domainName: distributionDomainName } = distribution;
    const requestId = `${randomBytes(40).toString("base64url")}==`;
    return edgeFunction({
      version: "1.0",
      context: { distributionDomainName, distributionId, eventType, requestId },
      viewer: { ip: request.socket.remoteAddress ?? "" },
      request: describeRequest(request),
      ...(response && { response }),
    });
  };
  const fail = (path: string, error: unknown): Answer => {
    log(path, error instanceof Error ? error.message : String(error));
    return createEdgeError(503, `The CloudFront Function ${path} failed.`);
  };

  return {
    onRequest(request) {
      if (onRequest === undefined) return undefined;
      try {
        const verdict = parseVerdict(call(onRequest, "viewer-request", request));
        if ("response" in verdict) return createAnswerOf(verdict.response);
        changeRequest(request, verdict.request);
        return undefined;
      } catch (error) {
        return fail(viewerRequest?.path ?? "", error);
      }
    },
    onResponse(request, answer) {
      if (onResponse === undefined) return answer;
      try {
        const returned = call(onResponse, "viewer-response", request, describeAnswer(answer));
        return createAnswerOf(parseEdgeResponse(returned), answer.body);
      } catch (error) {
        return fail(viewerResponse?.path ?? "", error);
      }
    },
  };
}
