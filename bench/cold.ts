import { basename } from "node:path";
import { synthesizeDuet } from "../bin/run-duet.ts";
import type { FunctionName } from "../lib/functions.ts";
import { bundleInputs } from "./bundle-inputs.ts";
import { BUNDLE_BYTES_MAX, type Bundle, withBundles } from "./bundles.ts";
import { importMs, invocationsMs, readFunctionModels } from "./cold-start.ts";
import { describeOthers, othersFor } from "./machine.ts";
import { command, UsageError, whole } from "./options.ts";
import { progress, progressDone } from "./progress.ts";
import { table } from "./table.ts";

const HELP = `npm run bench:cold -- [options]

For each function: the size of its bundle, how long it takes to load in a fresh process, and its first and second
invocation by the local runtime, with an event that needs no table. What the bundles are made of.

  --runs N        fresh processes for each import, of which the median is told, 1 to 200. Default 15
  --inputs NAME   only what the bundle of that function is made of: http/post-message
  --help
`;

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(0);

async function report(bundles: Bundle[], runs: number): Promise<string> {
  const models = readFunctionModels(await synthesizeDuet());
  const rows: string[][] = [];
  for (const { name, file, bytes, gzippedBytes } of bundles) {
    progress(name);
    const model = models.find(({ functionName }) => functionName.includes(`${pascalCase(basename(name))}Function`));
    if (model === undefined) throw new Error(`The template has no function ${name}`);
    const loadMs = await importMs(model, { file, runs });
    const { first, second } = await invocationsMs(model);
    rows.push([name, kilobytes(bytes), kilobytes(gzippedBytes), ...[loadMs, first, second].map((ms) => ms.toFixed(1))]);
  }
  progressDone();
  const over = bundles.filter(({ bytes }) => bytes > BUNDLE_BYTES_MAX).length;
  return (
    table(["", "KB", "gzipped", "import ms", "first ms", "second ms"], rows) +
    `${over} of ${bundles.length} are larger than ${kilobytes(BUNDLE_BYTES_MAX)} KB\n`
  );
}

async function inputs(name: FunctionName): Promise<string> {
  const found = await bundleInputs(name);
  const all = found.reduce((sum, [, bytes]) => sum + bytes, 0);
  return table(
    ["package", "bytes", "%"],
    found.map(([each, bytes]) => [each, String(bytes), ((bytes / all) * 100).toFixed(1)]),
  );
}

function pascalCase(kebabCase: string): string {
  return kebabCase.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

await command(HELP, { runs: { type: "string", default: "15" }, inputs: { type: "string" } }, async (values) => {
  const runs = whole(values, "runs", { min: 1, max: 200 });
  await withBundles(async (bundles) => {
    if (values.inputs !== undefined) {
      const bundle = bundles.find(({ name }) => name === values.inputs);
      if (bundle === undefined)
        throw new UsageError(
          `--inputs takes one of ${bundles.map(({ name }) => name).join(", ")}; got ${JSON.stringify(values.inputs)}.`,
        );
      process.stdout.write(await inputs(bundle.name));
      return;
    }
    const others = await othersFor(1000);
    process.stdout.write(`${describeOthers(others)}\n${await report(bundles, runs)}`);
  });
});
