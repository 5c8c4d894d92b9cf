import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadApp } from "../../../local/assembly/load-app.ts";
import { website } from "./website-template.ts";
import { BASE_URL, lambda, resource, writeAssembly, writeJson } from "./write-assembly.ts";

describe("deployments", () => {
  const FILES = {
    "one/index.html": "one",
    "one/assets/a.js": "1",
    "one/assets/a.js.map": "{}",
    "two/index.html": "<<m:0>> <<m:1>> <<m:0>>",
    "two/pixel.png": "\u00ff\u0000<<m:0>>",
  };

  const deployment = (name: string, properties: object, others: object = {}) =>
    resource(
      name,
      "Custom::CDKBucketDeployment",
      {
        ServiceToken: { "Fn::GetAtt": ["Deploy", "Arn"] },
        SourceBucketNames: ["assets"],
        SourceObjectKeys: ["one.zip"],
        DestinationBucketName: { Ref: "Site" },
        ...properties,
      },
      others,
    );

  /** What the bucket holds: by key, the file's path or the bytes, and the headers. */
  function objectsOf(deployments: Record<string, object>) {
    const Deploy = lambda("Deploy", { Runtime: "python3.13", Layers: [{ Ref: "Cli" }] });
    const Cli = resource("Cli", "AWS::Lambda::LayerVersion", {});
    const directory = writeAssembly(website({ others: { Deploy, Cli, ...deployments } }));
    for (const [name, content] of Object.entries(FILES)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content, "latin1");
    }
    const asset = (path: string) => ({ source: { path, packaging: "zip" } });
    writeJson(join(directory, "Shop.assets.json"), { files: { one: asset("one"), two: asset("two") } });
    const app = loadApp({ outDirectory: directory, baseUrl: BASE_URL });
    expect(app.functions).toEqual([]);
    const origin = app.distributions[0]?.behaviors.at(-1)?.origin;
    const objects = origin?.kind === "bucket" ? [...origin.objects] : [];
    return objects.map(([key, { content, headers }]) => {
      const where = "file" in content ? content.file.replace(`${directory}/`, "") : content.bytes.toString("latin1");
      return [key, where, headers] as const;
    });
  }
  const keysOf = (deployments: Record<string, object>) => objectsOf(deployments).map(([key]) => key);

  test("an object is a file of the assembly, with its type and what is stored with it", () => {
    const SystemMetadata = { "cache-control": "no-cache", "content-language": "en", sse: "AES256" };
    const headers = { "cache-control": "no-cache", "content-language": "en" };
    expect(objectsOf({ A: deployment("A", { SystemMetadata, DestinationBucketKeyPrefix: "v1/" }) })).toEqual([
      ["v1/assets/a.js", "one/assets/a.js", { "content-type": "text/javascript", ...headers }],
      ["v1/assets/a.js.map", "one/assets/a.js.map", { "content-type": "application/json", ...headers }],
      ["v1/index.html", "one/index.html", { "content-type": "text/html", ...headers }],
    ]);
  });

  test("of two sources the later has the last word", () => {
    const [index] = objectsOf({ A: deployment("A", { SourceObjectKeys: ["two.zip", "one.zip"] }) });
    expect(index?.slice(0, 2)).toEqual(["index.html", "one/index.html"]);
  });

  test.each<[string, object, string[]]>([
    ["all but what is excluded", { Exclude: ["assets/*"] }, ["index.html"]],
    ["what is included again", { Exclude: ["*"], Include: ["*.js"] }, ["assets/a.js"]],
    [
      "what a question mark stands for",
      { Exclude: ["*"], Include: ["assets/?.js*"] },
      ["assets/a.js", "assets/a.js.map"],
    ],
  ])("filters leave %s", (_, filters, keys) => {
    expect(keysOf({ A: deployment("A", filters) })).toEqual(keys);
  });

  test.each<[string, object, string]>([
    ["as they are", {}, 'say "é" http://localhost:3000 say "é"'],
    ["within JSON's quotes", { jsonEscape: true }, 'say \\"é\\" http://localhost:3000 say \\"é\\"'],
    [
      "as JSON, one of them",
      { jsonEscape: true, markerEncodings: { "<<m:0>>": "JSON_VALUE" } },
      '"say \\"é\\"" http://localhost:3000 "say \\"é\\""',
    ],
  ])("markers are replaced by values %s", (_, config, expected) => {
    const SourceMarkers = [{}, { "<<m:0>>": 'say "é"', "<<m:1>>": { "Fn::GetAtt": "Api.ApiEndpoint" } }];
    const objects = objectsOf({
      A: deployment("A", {
        SourceObjectKeys: ["one.zip", "two.zip"],
        SourceMarkers,
        SourceMarkersConfig: [{}, config],
      }),
    });
    const contentOf = (name: string) => objects.find(([key]) => key === name)?.[1] ?? "";
    expect(Buffer.from(contentOf("index.html"), "latin1").toString("utf8")).toBe(expected);
    expect(contentOf("assets/a.js")).toBe("one/assets/a.js");
    expect(contentOf("pixel.png").slice(0, 2)).toBe("\u00ff\u0000");
  });

  test("a deployment prunes what an earlier one has deployed, as far as its filters go", () => {
    const first = deployment("First", { SourceObjectKeys: ["one.zip"] });
    const after = { DependsOn: ["First"] };
    const second = { SourceObjectKeys: ["two.zip"] };
    expect(keysOf({ Second: deployment("Second", second, after), First: first })).toEqual(["index.html", "pixel.png"]);
    expect(keysOf({ First: first, Second: deployment("Second", { ...second, Prune: false }, after) })).toEqual([
      "assets/a.js",
      "assets/a.js.map",
      "index.html",
      "pixel.png",
    ]);
    expect(keysOf({ First: first, Second: deployment("Second", { ...second, Exclude: ["*.map"] }, after) })).toEqual([
      "assets/a.js.map",
      "index.html",
      "pixel.png",
    ]);
  });

  test("deployments that stand in each other's way are refused, when neither is the first", () => {
    const Prune = false;
    const assets = { Exclude: ["*"], Include: ["assets/*"] };
    const pages = { Exclude: ["assets/*"] };
    expect(keysOf({ A: deployment("A", assets), B: deployment("B", pages) })).toHaveLength(3);
    expect(() => keysOf({ A: deployment("A", { Prune }), B: deployment("B", { Prune }) })).toThrow(
      "Shop/B (Custom::CDKBucketDeployment): deploys assets/a.js, which Shop/A (Custom::CDKBucketDeployment) deploys, at the same time",
    );
    const other = { SourceObjectKeys: ["two.zip"], Exclude: ["index.html"] };
    expect(() => keysOf({ A: deployment("A", {}), B: deployment("B", { ...other, Prune }) })).toThrow(
      "Shop/A (Custom::CDKBucketDeployment): prunes pixel.png, which Shop/B",
    );
  });

  test.each<[string, object, string]>([
    ["an unknown property", { Everything: true }, "property Everything is not supported by the local runtime"],
    ["metadata of one's own", { UserMetadata: { a: "b" } }, "property UserMetadata is not supported"],
    [
      "a redirection",
      { SystemMetadata: { "website-redirect": "/" } },
      "SystemMetadata.website-redirect is not supported",
    ],
    ["an archive that stays one", { Extract: false }, "property Extract: expected true, was given false"],
    ["a set of characters in a filter", { Exclude: ["[a-z]"] }, "expected a pattern of * and ? and characters"],
    [
      "a source that is gone",
      { SourceObjectKeys: ["three.zip"] },
      "its source three.zip is no directory of the assembly",
    ],
    [
      "a bucket of another stack",
      { DestinationBucketName: "other" },
      "belongs to other (property DestinationBucketName)",
    ],
    [
      "YAML",
      { SourceMarkersConfig: [{ markerEncodings: { "<<m:0>>": "YAML_STRING" } }] },
      "SourceMarkersConfig.0.markerEncodings.<<m:0>>: expected",
    ],
  ])("%s is refused", (_, properties, problem) => {
    expect(() => objectsOf({ A: deployment("A", properties) })).toThrow(`Shop/A (Custom::CDKBucketDeployment): `);
    expect(() => objectsOf({ A: deployment("A", properties) })).toThrow(problem);
  });
});
