import type { AppModel, BaseUrl } from "../model.ts";
import { readApiParts } from "./api-parts.ts";
import { readCloudAssembly } from "./cloud-assembly.ts";
import { readDistributions, refuseHiddenApis } from "./distributions.ts";
import { readFunctions } from "./functions.ts";
import { readHttpApi } from "./http-apis.ts";
import { openStack } from "./stack.ts";
import { readTables } from "./tables.ts";
import { readUserPools } from "./user-pools.ts";
import { readWebSocketApi } from "./websocket-apis.ts";

export interface LoadOptions {
  /** Where `cdk synth` wrote the app: `cdk.out`. */
  outDirectory: string;
  /** Where the app will be reached; it takes the place of the public addresses that the template makes up. */
  baseUrl: BaseUrl;
  /** Values for the template's parameters; the others have their defaults. */
  parameters?: Record<string, string>;
}

/** The app, and the stack's outputs by name, with local addresses. */
export type LoadedApp = AppModel & { outputs: Record<string, string> };

/**
 * Reads a synthesized app with exactly one stack. Ids and names are the same at every load.
 *
 * @throws AssemblyError for anything that the runtime would serve otherwise than AWS does, or not at all: a resource
 * type, a property, an intrinsic function, a missing file, or two resources that stand in each other's way.
 */
export function loadApp({ outDirectory, baseUrl, parameters = {} }: LoadOptions): LoadedApp {
  const assembly = readCloudAssembly(outDirectory);
  const stack = openStack(assembly, { baseUrl, parameters });
  const apis = readApiParts(stack);
  const httpApis = apis.filter(({ protocol }) => protocol === "HTTP").flatMap((parts) => readHttpApi(stack, parts));
  const distributions = readDistributions(stack, assembly.assetDirectories);
  refuseHiddenApis(httpApis, distributions);
  return {
    tables: readTables(stack),
    functions: readFunctions(stack, assembly.assetDirectories),
    httpApis,
    webSocketApis: apis
      .filter(({ protocol }) => protocol === "WEBSOCKET")
      .flatMap((parts) => readWebSocketApi(stack, parts)),
    userPools: readUserPools(stack, baseUrl),
    distributions,
    outputs: stack.outputs(),
  };
}
