#!/usr/bin/env node
import { parseArgs } from "node:util";
import { runDuet } from "./run-duet.ts";

const HELP = `npm start -- [options]

Runs the whole of Duet on this machine, from the synthesized template.

  --port N           port on loopback; also PORT=N. Default 3000
  --in-memory        keep nothing
  --data DIR         keep messages and keys there. Default .duet
  --dynamodb WHICH   java (DynamoDB Local), dynalite (no Java needed), or the URL of another.
                     Default: java where there is one, else dynalite
  --no-limits        turn the per-sender limits off, for load
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
