import { onTestFinished } from "vitest";
import { listen, type Route } from "../../../local/listen.ts";
import type { BehaviorModel, DistributionModel, ObjectModel, OriginModel } from "../../../local/model.ts";
import { createDistribution } from "../../../local/website/distribution.ts";
import { type Ask, createAsk } from "./ask.ts";

export function bucket(files: Record<string, string>, originPath = ""): OriginModel {
  const objects = Object.entries(files).map(([key, content]): [string, ObjectModel] => [
    key,
    { content: { bytes: Buffer.from(content) }, headers: { "content-type": "text/html" } },
  ]);
  return { kind: "bucket", originPath, objects: new Map(objects) };
}

/** Its function is the code of `handler(event)`. */
export function behavior(
  origin: OriginModel,
  { request, response, ...rest }: Partial<BehaviorModel> & { request?: string; response?: string } = {},
): BehaviorModel {
  return {
    pathPattern: "*",
    allowedMethods: ["GET", "HEAD"],
    origin,
    ...(request !== undefined && { viewerRequest: { path: "Shop/Request", code: request } }),
    ...(response !== undefined && { viewerResponse: { path: "Shop/Response", code: response } }),
    ...rest,
  };
}

/** Serves a distribution to one test, on a port of its own. */
export async function serveDistribution(
  model: Partial<DistributionModel> & { behaviors: BehaviorModel[] },
  apis: Record<string, Route[]> = {},
): Promise<{ ask: Ask; lines: string[] }> {
  const lines: string[] = [];
  const server = await listen(0);
  onTestFinished(server.close);
  const distribution = createDistribution({
    model: {
      path: "Shop/Web/Resource",
      distributionId: "E1",
      domainName: "d1.cloudfront.net",
      errorResponses: [],
      ...model,
    },
    apis: new Map(Object.entries(apis)),
    log: (source, line) => lines.push(`${source}: ${line}`),
  });
  server.serve([{ path: "/*", ...distribution }]);
  return { ask: createAsk(server.baseUrl), lines };
}
