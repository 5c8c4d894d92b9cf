import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleFunctions } from "../lib/bundle.ts";
import { ACCESS, type FunctionName } from "../lib/functions.ts";

/** Bytes of a function's bundle, which a test keeps it below. */
export const BUNDLE_BYTES_MAX = 250_000;

export const FUNCTION_NAMES = Object.keys(ACCESS) as FunctionName[];

export interface Bundle {
  name: FunctionName;
  file: string;
  bytes: number;
  gzippedBytes: number;
}

/** Every function's bundle as it is deployed, in a folder that is gone after `use`. */
export async function withBundles<T>(use: (bundles: Bundle[]) => Promise<T> | T): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "duet-bench-"));
  try {
    bundleFunctions(FUNCTION_NAMES, directory);
    const bundles = FUNCTION_NAMES.map((name) => {
      const file = join(directory, name, "index.mjs");
      return { name, file, bytes: statSync(file).size, gzippedBytes: gzipSync(readFileSync(file)).length };
    });
    return await use(bundles);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
