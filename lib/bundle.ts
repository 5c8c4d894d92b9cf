import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";

const FUNCTIONS = fileURLToPath(new URL("../functions", import.meta.url));

/** Lambda's own ESM loader gives no `require`, which some of the SDK's CommonJS parts ask for. */
const REQUIRE_BANNER = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/**
 * Bundles the handlers into `outDirectory`, each into a folder of its own: `http/post-message/index.mjs`.
 * The output depends on the sources alone, so that a function's asset changes only with its code.
 */
export function bundleFunctions(entries: readonly string[], outDirectory: string): void {
  bundleModules(
    entries.map((entry) => ({ in: join(FUNCTIONS, entry), out: join(entry, "index") })),
    outDirectory,
  );
}

/** How a function is bundled: for Lambda's Node.js, with all that it imports. */
export const BUNDLING: BuildOptions = {
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  // Not newer than what the local runtime runs on, so that the very same bundle runs here and there.
  target: "node20",
  mainFields: ["module", "main"],
  banner: { js: REQUIRE_BANNER },
  legalComments: "none",
  logLevel: "error",
};

/** Bundles each module to `out` with the ending `.mjs`. */
export function bundleModules(entryPoints: { in: string; out: string }[], outDirectory: string): void {
  buildSync({
    ...BUNDLING,
    entryPoints,
    outdir: outDirectory,
    outExtension: { ".js": ".mjs" },
  });
}
