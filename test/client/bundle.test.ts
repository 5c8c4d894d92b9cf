import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What a page has to load for the client, as it is served: minified and gzipped. */
const GZIPPED_BYTES_MAX = 12 * 1024;

async function bundle(source: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: new URL("../..", import.meta.url).pathname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
  });
  return {
    text: outputFiles[0]?.text ?? "",
    inputs: Object.keys(metafile.inputs),
    outputs: Object.values(metafile.outputs),
  };
}

test(`all of ./client is at most ${GZIPPED_BYTES_MAX} bytes in a page, and has nothing inside but itself and the protocol`, async () => {
  const { text, outputs } = await bundle('export * from "./client/index.ts"');
  expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
  const used = Object.entries(outputs[0]?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  for (const [file] of used)
    expect(file).toMatch(/^(client\/[a-z-]+\.ts|functions\/protocol\/(limits|username)\.ts|<stdin>)$/);
});

test("neither ./client nor ./client/browser asks for anything of Node, and a page has to do without what it does not use", async () => {
  for (const entry of ["index", "browser"]) {
    const { inputs, outputs } = await bundle(`export * from "./client/${entry}.ts"`);
    expect(outputs.flatMap(({ imports }) => imports)).toEqual([]);
    expect(inputs.filter((file) => file.includes("file-storage"))).toEqual([]);
  }
});
