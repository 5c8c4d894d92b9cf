import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join, relative } from "node:path";
import { startTethered } from "./tethered-process.ts";

/** Assemblies that were not used for this long are deleted. */
const UNUSED_MS_MAX = 7 * 24 * 60 * 60 * 1000;
const OUTPUT_CHARACTERS_MAX = 4000;

/** What the CDK's command line adds of itself: construct paths in the template, by which resources are named. */
const CLI_CONTEXT = { "aws:cdk:enable-path-metadata": true };

export interface SynthesizeOptions {
  projectDirectory: string;
  /** What the app's output depends on, relative to the project: files, and folders with all below them. */
  inputs: string[];
  /** What `cdk synth -c key=value` would be given. */
  context: Record<string, string>;
  /** Where assemblies are kept, each in a folder named for what it was made of. */
  cacheDirectory: string;
}

/**
 * Runs the CDK app of `cdk.json` and answers its cloud assembly's folder; an earlier one where nothing that it
 * depends on has changed. Rejects with the app's own output when it fails.
 */
export async function synthesize(options: SynthesizeOptions): Promise<string> {
  const { projectDirectory, inputs, cacheDirectory } = options;
  const { app, context: projectContext } = readCdkJson(join(projectDirectory, "cdk.json"));
  const context = JSON.stringify({ ...CLI_CONTEXT, ...projectContext, ...options.context });
  const outDirectory = join(cacheDirectory, digest({ projectDirectory, inputs, of: { app, context } }));
  deleteUnused(cacheDirectory, outDirectory);
  if (existsSync(outDirectory)) {
    utimesSync(outDirectory, new Date(), new Date());
    return outDirectory;
  }
  // Moved into place whole, so that neither a crash nor a second run leaves half an assembly there.
  mkdirSync(cacheDirectory, { recursive: true });
  const unfinished = mkdtempSync(`${outDirectory}-`);
  const remove = () => rmSync(unfinished, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    await run(app, projectDirectory, { CDK_OUTDIR: unfinished, CDK_CONTEXT_JSON: context });
    renameSync(unfinished, outDirectory);
  } catch (error) {
    // Another run that was quicker has made the same.
    if (!existsSync(outDirectory)) throw error;
  } finally {
    remove();
    process.off("exit", remove);
  }
  return outDirectory;
}

function readCdkJson(path: string): { app: string; context: Record<string, unknown> } {
  const { app, context = {} } = JSON.parse(readFileSync(path, "utf8")) as { app?: unknown; context?: object };
  if (typeof app !== "string") throw new Error(`${path} names no "app" to run`);
  return { app, context: { ...context } };
}

function digest(made: { projectDirectory: string; inputs: string[]; of: unknown }): string {
  const hash = createHash("sha256").update(JSON.stringify([process.version, made.of]));
  for (const input of made.inputs)
    for (const file of filesBelow(join(made.projectDirectory, input)))
      hash.update(`\0${relative(made.projectDirectory, file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 32);
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function run(command: string, directory: string, environment: Record<string, string>): Promise<void> {
  let output = "";
  const { child, exited } = startTethered({
    command: "/bin/sh",
    args: ["-c", command],
    directory,
    environment: { ...process.env, ...environment },
    onLine: (line) => {
      output = `${output}${line}\n`.slice(-OUTPUT_CHARACTERS_MAX);
    },
  });
  const outputRead = once(child, "close");
  const how = await exited;
  await outputRead;
  if (how !== "exit status 0") throw new Error(`The CDK app (${command}) ended with ${how}:\n${output.trim()}`);
}

function deleteUnused(cacheDirectory: string, wanted: string): void {
  if (!existsSync(cacheDirectory)) return;
  for (const name of readdirSync(cacheDirectory)) {
    const path = join(cacheDirectory, name);
    if (path !== wanted && Date.now() - statSync(path).mtimeMs > UNUSED_MS_MAX)
      rmSync(path, { recursive: true, force: true });
  }
}
