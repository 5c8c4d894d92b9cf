import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join, relative } from "node:path";
import * as v from "valibot";
import { makePrivateDirectory } from "./private-directory.ts";
import { startTethered } from "./tethered-process.ts";

/** Assemblies that were not used for this long are deleted. */
const UNUSED_MS_MAX = 7 * 24 * 60 * 60 * 1000;
const OUTPUT_CHARACTERS_MAX = 4000;

/** What the CDK's command line adds of itself: construct paths in the template, by which resources are named. */
const CLI_CONTEXT = { "aws:cdk:enable-path-metadata": true };

/** CloudFormation's rules, which the CDK holds a template against, are for whoever deploys it; they take a third of the time. */
const NOT_TO_BE_DEPLOYED = { CDK_VALIDATION: "false" };

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
  const isMade = markUsed(outDirectory);
  deleteUnused(cacheDirectory, outDirectory);
  if (isMade) return outDirectory;
  // Moved into place whole, so that neither a crash nor a second run leaves half an assembly there.
  makePrivateDirectory(cacheDirectory);
  const unfinished = mkdtempSync(`${outDirectory}-`);
  const remove = () => rmSync(unfinished, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    await run(app, projectDirectory, { CDK_OUTDIR: unfinished, CDK_CONTEXT_JSON: context, ...NOT_TO_BE_DEPLOYED });
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

const CdkJson = v.object({ app: v.string(), context: v.optional(v.record(v.string(), v.unknown()), {}) });

function readCdkJson(path: string): v.InferOutput<typeof CdkJson> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`${path} must be JSON that can be read: ${(cause as Error).message}`, { cause });
  }
  const parsed = v.safeParse(CdkJson, content);
  if (parsed.success) return parsed.output;
  throw new Error(`${path} must name the "app" to run, and may have a "context":\n${v.summarize(parsed.issues)}`);
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

/** False where there is none. */
function markUsed(outDirectory: string): boolean {
  return unlessGone(() => {
    utimesSync(outDirectory, new Date(), new Date());
    return true;
  }, false);
}

function deleteUnused(cacheDirectory: string, wanted: string): void {
  const names = unlessGone(() => readdirSync(cacheDirectory), []);
  for (const path of names.map((name) => join(cacheDirectory, name))) {
    if (path === wanted) continue;
    unlessGone(() => {
      if (Date.now() - statSync(path).mtimeMs > UNUSED_MS_MAX) rmSync(path, { recursive: true, force: true });
    }, undefined);
  }
}

/** Other runs delete what is unused from the same directory, at any moment between two looks at it. */
function unlessGone<Result>(look: () => Result, otherwise: Result): Result {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return otherwise;
    throw error;
  }
}
