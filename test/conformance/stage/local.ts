import { fileURLToPath } from "node:url";
import { requestTokens } from "../../../local/identity/request-tokens.ts";
import type { Log } from "../../../local/model.ts";
import { startRuntime } from "../../../local/runtime.ts";
import { synthesize } from "../../../local/synthesize.ts";

const CONFORMANCE = fileURLToPath(new URL("..", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../.duet/synth", import.meta.url));

/** What the template depends on. */
const INPUTS = [
  ...["app.ts", "stack.ts", "functions.ts", "http-apis.ts", "websocket-apis.ts", "probe", "cdk.json"],
  "../../lib/bundle.ts",
  "../../package-lock.json",
];

/** The local runtime with the probes on it, in this process and in memory; the caller closes it. */
export async function startLocal({ port, log }: { port: number; log: Log }) {
  const runtime = await startRuntime({
    outDirectory: synthesize({
      projectDirectory: CONFORMANCE,
      inputs: INPUTS,
      context: {},
      cacheDirectory: CACHE,
    }),
    port,
    // It is ready sooner than DynamoDB Local, and the probes ask for nothing that it has not.
    dynamoDb: "dynalite",
    log,
    onStorageLost: (error) => {
      throw error;
    },
  });
  const { baseUrl, app } = runtime;
  const issuer = app.userPools.find(({ clients }) => clients.length > 0)?.issuer ?? "";
  const [token = ""] = await requestTokens({ baseUrl, usernames: ["probe"], issuer });
  return { url: baseUrl, token, issuer, close: runtime.close };
}
