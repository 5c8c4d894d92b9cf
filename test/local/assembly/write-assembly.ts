import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type LoadedApp, loadApp } from "../../../local/assembly/load-app.ts";

export const BASE_URL = "http://localhost:3000";

/** A function's `Code`, as the CDK writes it, for the one asset of the assemblies that are written here. */
export const CODE = { S3Bucket: "assets", S3Key: "c0de.zip" };

/** Writes a cloud assembly with one stack, `Shop`, whose template is given; it is gone when the test has ended. */
export function writeAssembly(template: object): string {
  const directory = emptyDirectory();
  mkdirSync(join(directory, "asset.c0de"));
  writeFileSync(join(directory, "asset.c0de", "index.mjs"), "export const handler = () => {};\n");
  writeJson(join(directory, "manifest.json"), {
    artifacts: {
      "Shop.assets": { type: "cdk:asset-manifest", properties: { file: "Shop.assets.json" } },
      Shop: {
        type: "aws:cloudformation:stack",
        properties: { templateFile: "Shop.template.json" },
        dependencies: ["Shop.assets"],
      },
    },
  });
  writeJson(join(directory, "Shop.assets.json"), {
    files: { c0de: { source: { path: "asset.c0de", packaging: "zip" } } },
  });
  writeJson(join(directory, "Shop.template.json"), template);
  return directory;
}

export function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "assembly-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

export function writeJson(file: string, content: unknown): void {
  writeFileSync(file, JSON.stringify(content));
}

export function load(template: object, parameters?: Record<string, string>): LoadedApp {
  return loadApp({ outDirectory: writeAssembly(template), baseUrl: BASE_URL, ...(parameters && { parameters }) });
}

/** A resource with the construct path `Shop/<its name>`. */
export function resource(name: string, Type: string, Properties: object, others: object = {}): object {
  return { Type, Properties, Metadata: { "aws:cdk:path": `Shop/${name}` }, ...others };
}

export function lambda(name: string, properties: object = {}): object {
  return resource(name, "AWS::Lambda::Function", {
    Code: CODE,
    Handler: "index.handler",
    Runtime: "nodejs24.x",
    ...properties,
  });
}

export function table(name: string, properties: object = {}, others: object = {}): object {
  return resource(
    name,
    "AWS::DynamoDB::Table",
    {
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      ...properties,
    },
    others,
  );
}
