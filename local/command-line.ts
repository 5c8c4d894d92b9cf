import { readChaosFile } from "./chaos/chaos-file.ts";
import type { DynamoDbEngine } from "./dynamodb/dynamodb.ts";
import type { RuntimeOptions } from "./runtime.ts";

/** The options of every command that starts a runtime, for `parseArgs`. */
export const RUNTIME_OPTIONS = {
  port: { type: "string", default: process.env.PORT || "3000" },
  "in-memory": { type: "boolean", default: false },
  data: { type: "string" },
  dynamodb: { type: "string", default: "auto" },
  "idle-timeout": { type: "string" },
  "max-life": { type: "string" },
  chaos: { type: "string" },
  quiet: { type: "boolean", default: false },
} as const;

/** @param data where data is kept by default */
export const runtimeHelp = (data: string) => `\
  --port N           port on loopback; also PORT=N. Default 3000
  --in-memory        keep nothing
  --data DIR         keep data and keys there. Default ${data}
  --dynamodb WHICH   java (DynamoDB Local), dynalite (no Java needed), or the URL of another.
                     Default: java where there is one, else dynalite
  --idle-timeout S   seconds without a message after which a socket is closed. Default 600, as API Gateway has it
  --max-life S       seconds after which any socket is closed. Default 7200, as API Gateway has it
  --chaos FILE       make things fail: a JSON object of shares of the occasions, from 0 to 1, all optional:
                       {"dropDisconnect": 0.5, "failPost": 0.1, "losePost": 0.1,
                        "delayPost": {"share": 0.1, "msMax": 2000}, "reorderFrame": {"share": 0.1, "msMax": 500},
                        "killFunction": {"share": 0.01, "msMax": 50}}
  --quiet            print no line for each invocation
`;

interface Values {
  port: string;
  "in-memory": boolean;
  data?: string | undefined;
  dynamodb: string;
  "idle-timeout"?: string | undefined;
  "max-life"?: string | undefined;
  chaos?: string | undefined;
  quiet: boolean;
}

/** Throws, with what was given, for a value that is none. */
export function readRuntimeOptions(
  values: Values,
  data: string,
): Omit<RuntimeOptions, "outDirectory" | "onStorageLost"> {
  const { chaos, "idle-timeout": idleTimeout, "max-life": maxLife } = values;
  return {
    port: parsePort(values.port),
    ...(values["in-memory"] ? {} : { dataDirectory: values.data ?? data }),
    dynamoDb: parseDynamoDb(values.dynamodb),
    ...(idleTimeout === undefined ? {} : { idleTimeoutMs: parseSeconds("--idle-timeout", idleTimeout) }),
    ...(maxLife === undefined ? {} : { lifeMaxMs: parseSeconds("--max-life", maxLife) }),
    ...(chaos === undefined ? {} : { chaos: readChaosFile(chaos) }),
    log: values.quiet ? () => undefined : print,
  };
}

/** Metrics are for CloudWatch, which takes them out of the log ("CloudWatch embedded metric format"). */
const METRICS_LINE = /^\{"_aws":/;

function print(source: string, line: string): void {
  if (!METRICS_LINE.test(line)) process.stdout.write(`${source}  ${line}\n`);
}

function parsePort(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Error(`A port is a whole number from 0 to 65535; got ${JSON.stringify(given)}`);
}

/** In ms. The bound is a day. */
function parseSeconds(option: string, given: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : Number.NaN;
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new Error(`${option} takes seconds, more than 0 and at most 86400; got ${JSON.stringify(given)}`);
}

function parseDynamoDb(given: string): DynamoDbEngine {
  if (given === "auto" || given === "java" || given === "dynalite") return given;
  if (URL.canParse(given) && /^https?:/.test(given)) return { url: given };
  throw new Error(`--dynamodb takes java, dynalite or the http address of another; got ${JSON.stringify(given)}`);
}
