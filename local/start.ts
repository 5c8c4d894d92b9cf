import { parseArgs } from "node:util";
import { RUNTIME_OPTIONS, readRuntimeOptions, runtimeHelp } from "./command-line.ts";
import { runUntilEnded } from "./run.ts";
import { startRuntime } from "./runtime.ts";

const DATA = ".local";

const HELP = `node --import tsx local/start.ts CDK_OUT [options]

Serves the app that cdk synth has written to CDK_OUT, or says by name what in it is not supported.

${runtimeHelp(DATA)}  --help
`;

try {
  const { values, positionals } = parseArgs({
    options: { ...RUNTIME_OPTIONS, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [outDirectory, ...more] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (outDirectory === undefined || more.length > 0)
    throw new Error(`One folder is served; got ${positionals.length}. See --help`);
  else {
    const options = readRuntimeOptions(values, DATA);
    const runtime = await runUntilEnded((onStorageLost) => startRuntime({ ...options, outDirectory, onStorageLost }));
    const { baseUrl, storage, app } = runtime;
    process.stdout.write(`Serving ${outDirectory} on ${baseUrl}, ${storage}\n`);
    for (const [name, value] of Object.entries(app.outputs)) process.stdout.write(`  ${name} = ${value}\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // What was started meanwhile ends with this process.
  process.exit(1);
}
