import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HELP = `npm run -s package -- [options]

Makes the npm package for other projects: the construct (duet/cdk) and the client library (duet/client), compiled, with what the
construct bundles. Prints the path of the tarball, which npm install takes.

  --out DIR  where the tarball is put. Default .duet
  --help
`;

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** What is needed beside the compiled modules, when a stack is synthesized: the page's files and the API's documents. */
const FILES = ["web", "docs/openapi.yaml", "docs/asyncapi.yaml", "docs/api.css", "README.md"];

/** Of these there may be one alone, the stack's own: constructs of another copy are foreign to it. */
const PEERS = ["aws-cdk-lib", "constructs"];

try {
  const { values } = parseArgs({
    options: { out: { type: "string", default: ".duet" }, help: { type: "boolean", default: false } },
  });
  process.stdout.write(values.help ? HELP : `${makePackage(resolve(values.out))}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Answers the path of the tarball. */
function makePackage(out: string): string {
  const content = mkdtempSync(join(tmpdir(), "duet-package-"));
  try {
    const isNoSource = (path: string) => !/\.tsx?$|\/tsconfig\.json$/.test(path);
    for (const path of FILES) cpSync(join(PROJECT, path), join(content, path), { recursive: true, filter: isNoSource });
    run("npx", ["tsc", "-p", "tsconfig.package.json", "--outDir", content], PROJECT);
    writeFileSync(join(content, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
    mkdirSync(out, { recursive: true });
    const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", out], content));
    return join(out, packed.filename);
  } finally {
    rmSync(content, { recursive: true });
  }
}

function manifest(): object {
  const own = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  const { name, version, description, type, sideEffects, engines } = own;
  const exports = Object.entries<string>(own.exports).map(([path, source]) => {
    const module = source.replace(/\.ts$/, "");
    return [path, { types: `${module}.d.ts`, default: `${module}.js` }];
  });
  const pick = (isPeer: boolean) =>
    Object.entries<string>(own.dependencies).filter(([dependency]) => PEERS.includes(dependency) === isPeer);
  return {
    name,
    version,
    description,
    type,
    sideEffects,
    engines,
    exports: Object.fromEntries(exports),
    dependencies: Object.fromEntries(pick(false)),
    peerDependencies: Object.fromEntries(pick(true).map(([peer, exact]) => [peer, `^${exact}`])),
    // Whoever takes the client library alone has no stack.
    peerDependenciesMeta: Object.fromEntries(PEERS.map((peer) => [peer, { optional: true }])),
  };
}

function run(command: string, args: string[], directory: string): string {
  return execFileSync(command, args, { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
