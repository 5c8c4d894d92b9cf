#!/usr/bin/env node
import { parseArgs } from "node:util";
import { readChaosFile } from "../local/chaos/chaos-file.ts";
import { runDuet } from "./run-duet.ts";

const HELP = `npm start -- [options]

Runs the whole of Duet on this machine, from the synthesized template.

  --port N           port on loopback; also PORT=N. Default 3000
  --in-memory        keep nothing
  --data DIR         keep messages and keys there. Default .duet
  --dynamodb WHICH   java (DynamoDB Local), dynalite (no Java needed), or the URL of another.
                     Default: java where there is one, else dynalite
  --no-limits        turn the per-sender limits off, for load
  --watch            serve what changes in the sources, as npm run dev does: data and tokens stay, sockets reconnect
  --idle-timeout S   seconds without a message after which a socket is closed. Default 600, as API Gateway has it
  --max-life S       seconds after which any socket is closed. Default 7200, as API Gateway has it
  --chaos FILE       make things fail: a JSON object of shares of the occasions, from 0 to 1, all optional:
                       {"dropDisconnect": 0.5, "failPost": 0.1, "losePost": 0.1,
                        "delayPost": {"share": 0.1, "msMax": 2000}, "reorderFrame": {"share": 0.1, "msMax": 500},
                        "killFunction": {"share": 0.01, "msMax": 50}}
  --quiet            print no line for each invocation
  -c KEY=VALUE       CDK context, as for cdk synth (markup, issuer, audience, usernameClaim)
  --help
`;

try {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: process.env.PORT || "3000" },
      "in-memory": { type: "boolean", default: false },
      data: { type: "string", default: ".duet" },
      dynamodb: { type: "string", default: "auto" },
      "no-limits": { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
      "idle-timeout": { type: "string" },
      "max-life": { type: "string" },
      chaos: { type: "string" },
      quiet: { type: "boolean", default: false },
      context: { type: "string", short: "c", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) process.stdout.write(HELP);
  else
    await runDuet({
      port: parsePort(values.port),
      ...(values["in-memory"] ? {} : { dataDirectory: values.data }),
      dynamoDb: parseDynamoDb(values.dynamodb),
      limits: !values["no-limits"],
      watch: values.watch,
      ...(values.chaos === undefined ? {} : { chaos: readChaosFile(values.chaos) }),
      ...(values["idle-timeout"] === undefined
        ? {}
        : { idleTimeoutMs: parseSeconds("--idle-timeout", values["idle-timeout"]) }),
      ...(values["max-life"] === undefined ? {} : { lifeMaxMs: parseSeconds("--max-life", values["max-life"]) }),
      context: Object.fromEntries(values.context.map(parseContext)),
      log: values.quiet ? () => undefined : (source, line) => process.stdout.write(`${source}  ${line}\n`),
    });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // What was started meanwhile ends with this process.
  process.exit(1);
}

function parsePort(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Error(`A port is a whole number from 0 to 65535; got ${JSON.stringify(given)}`);
}

/** In ms. The bound is a day: a longer timer would be none. */
function parseSeconds(option: string, given: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : Number.NaN;
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new Error(`${option} takes seconds, more than 0 and at most 86400; got ${JSON.stringify(given)}`);
}

function parseDynamoDb(given: string): "auto" | "java" | "dynalite" | { url: string } {
  if (given === "auto" || given === "java" || given === "dynalite") return given;
  if (URL.canParse(given) && /^https?:/.test(given)) return { url: given };
  throw new Error(`--dynamodb takes java, dynalite or the http address of another; got ${JSON.stringify(given)}`);
}

function parseContext(given: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (key === undefined || value === undefined) throw new Error(`-c takes KEY=VALUE; got ${JSON.stringify(given)}`);
  return [key, value];
}
