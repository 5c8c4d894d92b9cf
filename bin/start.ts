#!/usr/bin/env node
import { parseArgs } from "node:util";
import { RUNTIME_OPTIONS, readRuntimeOptions, runtimeHelp } from "../local/command-line.ts";
import { runDuet } from "./run-duet.ts";

const DATA = ".duet";

const HELP = `npm start -- [options]

Runs the whole of Duet on this machine, from the synthesized template.

${runtimeHelp(DATA)}\
  --no-limits        turn the per-sender limits off, for load
  --watch            serve what changes in the sources, as npm run dev does: data and tokens stay, sockets reconnect
  -c KEY=VALUE       CDK context, as for cdk synth (markup, unlimitedSenders, webUrls, issuer, audience,
                     clientId, scope, usernameClaim)
  --help
`;

try {
  const { values } = parseArgs({
    options: {
      ...RUNTIME_OPTIONS,
      "no-limits": { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
      context: { type: "string", short: "c", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) process.stdout.write(HELP);
  else
    await runDuet({
      ...readRuntimeOptions(values, DATA),
      limits: !values["no-limits"],
      watch: values.watch,
      context: Object.fromEntries(values.context.map(parseContext)),
    });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // What was started meanwhile ends with this process.
  process.exit(1);
}

function parseContext(given: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (key === undefined || value === undefined) throw new Error(`-c takes KEY=VALUE; got ${JSON.stringify(given)}`);
  return [key, value];
}
