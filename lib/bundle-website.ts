import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { minify_sync } from "terser";
import { writeApiDocuments } from "./api-documents.ts";

const WEB = fileURLToPath(new URL("../web", import.meta.url));

/** What the chat page's code is called; its name in `assets/` has a hash of its content too, so that it never changes. */
const ENTRY = "main";

/**
 * Builds the chat page into `outDirectory`: `index.html` and what else is in `web/public/` as it is, and `assets/`, which
 * holds what never changes under one name; `docs/` describes the API. The output depends on the sources alone.
 */
export function bundleWebsite(outDirectory: string): void {
  const { outputFiles } = buildSync({
    absWorkingDir: WEB,
    entryPoints: [`./${ENTRY}`],
    outdir: "assets",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    splitting: true,
    write: false,
    bundle: true,
    // The names of chunks depend on the paths of what is in them, as seen from here.
    preserveSymlinks: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "error",
  });
  mkdirSync(join(outDirectory, "assets"), { recursive: true });
  let page = readFileSync(join(WEB, "index.html"), "utf8");
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    writeFileSync(join(outDirectory, "assets", name), name.endsWith(".js") ? shorten(text) : text);
    page = page.replace(`/assets/${ENTRY}${name.slice(name.lastIndexOf("."))}`, `/assets/${name}`);
  }
  writeFileSync(join(outDirectory, "index.html"), page);
  writeApiDocuments(join(outDirectory, "docs"));
  const publicDirectory = join(WEB, "public");
  for (const name of readdirSync(publicDirectory)) copyFileSync(join(publicDirectory, name), join(outDirectory, name));
}

/** After esbuild there is still a thirtieth to be had. */
function shorten(script: string): string {
  const { code } = minify_sync(script, { module: true, ecma: 2020, compress: { reduce_funcs: false } });
  return code ?? script;
}
