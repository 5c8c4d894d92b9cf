import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { AssemblyError } from "./assembly-error.ts";
import { type Template, TemplateSchema } from "./template.ts";

/** The one stack of a directory that `cdk synth` wrote. */
export interface CloudAssembly {
  stackName: string;
  template: Template;
  /** Absolute paths of the asset directories, by their asset hash. */
  assetDirectories: Map<string, string>;
}

// Source: AWS CDK, package @aws-cdk/cloud-assembly-schema, `AssemblyManifest` and `AssetManifest`.
const ManifestSchema = v.object({
  artifacts: v.optional(
    v.record(
      v.string(),
      v.object({
        type: v.string(),
        properties: v.optional(v.record(v.string(), v.unknown()), {}),
        dependencies: v.optional(v.array(v.string()), []),
      }),
    ),
    {},
  ),
});
type Artifacts = v.InferOutput<typeof ManifestSchema>["artifacts"];
const StackPropertiesSchema = v.object({ templateFile: v.string(), stackName: v.optional(v.string()) });
const AssetPropertiesSchema = v.object({ file: v.string() });
const AssetsSchema = v.object({
  files: v.optional(
    v.record(
      v.string(),
      v.object({ source: v.object({ path: v.optional(v.string()), packaging: v.optional(v.string()) }) }),
    ),
    {},
  ),
});

const SYNTHESIZE = "synthesize the app (npx cdk synth) and start again";

/**
 * Reads the manifest, the template and the list of assets.
 *
 * @throws AssemblyError when the directory holds no assembly, no stack, or more than one.
 */
export function readCloudAssembly(outDirectory: string): CloudAssembly {
  const manifestFile = resolve(outDirectory, "manifest.json");
  if (!existsSync(manifestFile)) {
    throw new AssemblyError({ path: resolve(outDirectory) }, `holds no manifest.json, so no app; ${SYNTHESIZE}`);
  }
  const { artifacts } = readJson(manifestFile, ManifestSchema);

  const [id, { properties, dependencies }] = onlyStack(artifacts, manifestFile);
  const { templateFile, stackName = id } = parse(manifestFile, StackPropertiesSchema, properties);
  const assetDirectories = dependencies
    .map((name) => artifacts[name])
    .filter((artifact) => artifact?.type === "cdk:asset-manifest")
    .flatMap((artifact) => {
      const { file } = parse(manifestFile, AssetPropertiesSchema, artifact?.properties);
      return readAssetDirectories(outDirectory, file);
    });

  return {
    stackName,
    template: readJson(resolve(outDirectory, templateFile), TemplateSchema),
    assetDirectories: new Map(assetDirectories),
  };
}

/** A `Stage` of the CDK is an assembly within the assembly; its stacks count as further ones. */
function onlyStack(artifacts: Artifacts, manifestFile: string): [string, Artifacts[string]] {
  const stacks = Object.entries(artifacts).filter(
    ([, { type }]) => type === "aws:cloudformation:stack" || type === "cdk:cloud-assembly",
  );
  const [stack, ...others] = stacks;
  if (others.length > 0) {
    const names = stacks.map(([name]) => name).join(", ");
    throw new AssemblyError({ path: manifestFile }, `holds ${stacks.length} stacks (${names}); define only one`);
  }
  if (stack?.[1].type === "aws:cloudformation:stack") return stack;
  throw new AssemblyError({ path: manifestFile }, "holds no stack; define one in the app, outside any Stage");
}

/** An asset with the packaging `zip` is a directory until the CDK uploads it; one with `file` is a single file. */
function readAssetDirectories(outDirectory: string, file: string): [string, string][] {
  const { files } = readJson(resolve(outDirectory, file), AssetsSchema);
  return Object.entries(files).flatMap(([hash, { source }]): [string, string][] =>
    source.packaging === "zip" && source.path !== undefined ? [[hash, resolve(outDirectory, source.path)]] : [],
  );
}

function readJson<S extends v.GenericSchema>(file: string, schema: S): v.InferOutput<S> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AssemblyError({ path: file }, `cannot be read as JSON; ${SYNTHESIZE}`, { cause });
  }
  return parse(file, schema, content);
}

function parse<S extends v.GenericSchema>(file: string, schema: S, content: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, content);
  if (!result.success) {
    const [issue] = result.issues;
    throw new AssemblyError({ path: file }, `${issue.message} (at ${v.getDotPath(issue) ?? "the top"}); ${SYNTHESIZE}`);
  }
  return result.output;
}
