import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUNDLING } from "../lib/bundle.ts";
import type { FunctionName } from "../lib/functions.ts";

const FUNCTIONS = fileURLToPath(new URL("../functions/", import.meta.url));

/** Bytes that each package takes in a function's bundle, the most first; ours under `functions`. */
export async function bundleInputs(name: FunctionName): Promise<[string, number][]> {
  const { metafile } = await build({
    ...BUNDLING,
    entryPoints: [join(FUNCTIONS, `${name}.ts`)],
    outfile: "index.mjs",
    metafile: true,
    write: false,
  });
  const sums = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [, packageName = "functions"] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
      sums.set(packageName, (sums.get(packageName) ?? 0) + bytesInOutput);
    }
  return [...sums].sort(([, a], [, b]) => b - a);
}
