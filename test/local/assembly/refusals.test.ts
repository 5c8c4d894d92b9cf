import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AssemblyError } from "../../../local/assembly/assembly-error.ts";
import { loadApp } from "../../../local/assembly/load-app.ts";
import { BASE_URL, emptyDirectory, lambda, load, resource, table, writeAssembly, writeJson } from "./write-assembly.ts";

const loadFrom = (outDirectory: string) => loadApp({ outDirectory, baseUrl: BASE_URL });

describe("the assembly", () => {
  test("a directory without an assembly is refused, with what to do", () => {
    const directory = emptyDirectory();
    expect(() => loadFrom(directory)).toThrow(AssemblyError);
    expect(() => loadFrom(directory)).toThrow(`${directory}: holds no manifest.json, so no app; synthesize the app`);
  });

  test("an assembly without a stack is refused", () => {
    const directory = emptyDirectory();
    writeJson(join(directory, "manifest.json"), { artifacts: { Tree: { type: "cdk:tree" } } });
    expect(() => loadFrom(directory)).toThrow("holds no stack");
  });

  test("several stacks are refused, with their names", () => {
    const directory = emptyDirectory();
    const stack = { type: "aws:cloudformation:stack" };
    writeJson(join(directory, "manifest.json"), { artifacts: { Shop: stack, Depot: stack } });
    expect(() => loadFrom(directory)).toThrow("holds 2 stacks (Shop, Depot); define only one");
  });

  test("a stack within a Stage is refused", () => {
    const directory = emptyDirectory();
    writeJson(join(directory, "manifest.json"), { artifacts: { Production: { type: "cdk:cloud-assembly" } } });
    expect(() => loadFrom(directory)).toThrow("holds no stack; define one in the app, outside any Stage");
  });

  test("a template that is not JSON is refused", () => {
    const directory = writeAssembly({ Resources: {} });
    writeFileSync(join(directory, "Shop.template.json"), "{");
    expect(() => loadFrom(directory)).toThrow("Shop.template.json: cannot be read as JSON; synthesize the app");
  });

  test("a template with a macro is refused", () => {
    expect(() => load({ Transform: "AWS::Serverless-2016-10-31", Resources: {} })).toThrow("macros (Transform)");
  });

  test("an empty stack is an empty app", () => {
    expect(load({ Resources: {} })).toEqual({
      tables: [],
      functions: [],
      httpApis: [],
      webSocketApis: [],
      userPools: [],
      distributions: [],
      outputs: {},
    });
  });
});

describe("resources", () => {
  test("an unknown type is refused by the resource's path", () => {
    expect(() => load({ Resources: { Jobs: resource("Jobs/Resource", "AWS::SQS::Queue", {}) } })).toThrow(
      "Shop/Jobs/Resource (AWS::SQS::Queue): the resource type is not supported by the local runtime",
    );
  });

  test("a resource without a path is named by its logical id", () => {
    expect(() => load({ Resources: { Jobs: { Type: "AWS::SQS::Queue" } } })).toThrow("Jobs (AWS::SQS::Queue): ");
  });

  test("types without local effect are accepted, whatever they say", () => {
    const Resources = {
      Role: { Type: "AWS::IAM::Role", Properties: { Anything: { "Fn::GetAZs": "" } } },
      Alarm: { Type: "AWS::CloudWatch::Alarm" },
      LogRole: { Type: "AWS::ApiGateway::Account", Properties: { CloudWatchRoleArn: "arn" } },
    };
    expect(load({ Resources }).functions).toEqual([]);
  });

  test.each([
    ["property Layers is not supported by the local runtime", { Layers: [] }],
    ["property VpcConfig is not supported by the local runtime", { VpcConfig: {} }],
    ["property Code.ZipFile is not supported by the local runtime", { Code: { ZipFile: "" } }],
    ["property Runtime: only Node.js runtimes are supported", { Runtime: "python3.13" }],
    ['property PackageType: expected "Zip", was given "Image"', { PackageType: "Image" }],
    ['property Timeout: expected number, was given "soon"', { Timeout: "soon" }],
    ["property Timeout: expected a whole number, was given 1.5", { Timeout: 1.5 }],
    ["property Timeout: expected 1 to 900, was given 901", { Timeout: 901 }],
    ["property Handler is missing", { Handler: undefined }],
  ])("a function is refused: %s", (problem, properties) => {
    const Resources = { Order: lambda("Order", properties) };
    expect(() => load({ Resources })).toThrow(`Shop/Order (AWS::Lambda::Function): ${problem}`);
  });

  test.each([
    ["property GlobalSecondaryIndexes is not supported by the local runtime", { GlobalSecondaryIndexes: [] }],
    ["property LocalSecondaryIndexes is not supported by the local runtime", { LocalSecondaryIndexes: [] }],
    ["property StreamSpecification is not supported by the local runtime", { StreamSpecification: {} }],
    ["needs a TableName of 3 to 255 of A-Z a-z 0-9 _ . -, has no", { TableName: "no" }],
  ])("a table is refused: %s", (problem, properties) => {
    const Resources = { Orders: table("Orders", properties) };
    expect(() => load({ Resources })).toThrow(`Shop/Orders (AWS::DynamoDB::Table): ${problem}`);
  });

  test("a replica's unknown property is refused with its place", () => {
    const Replicas = [{ Region: "us-east-1", GlobalSecondaryIndexes: [] }];
    const properties = { KeySchema: [], AttributeDefinitions: [], Replicas };
    const Resources = { Orders: resource("Orders", "AWS::DynamoDB::GlobalTable", properties) };
    expect(() => load({ Resources })).toThrow("property Replicas.0.GlobalSecondaryIndexes is not supported");
  });

  test("properties without local effect are accepted, whatever they refer to", () => {
    const Resources = {
      Order: lambda("Order", { Architectures: ["arm64"], Tags: { "Fn::GetAZs": "" }, Timeout: "7" }),
    };
    expect(load({ Resources }).functions).toMatchObject([{ timeoutSeconds: 7 }]);
  });

  test("two tables of one name are refused, and so are two functions", () => {
    const TableName = "orders";
    expect(() => load({ Resources: { A: table("A", { TableName }), B: table("B", { TableName }) } })).toThrow(
      "Shop/B (AWS::DynamoDB::Table): has the table name orders, as Shop/A (AWS::DynamoDB::Table) has",
    );
    const FunctionName = "order";
    expect(() => load({ Resources: { A: lambda("A", { FunctionName }), B: lambda("B", { FunctionName }) } })).toThrow(
      "Shop/B (AWS::Lambda::Function): has the function name order, as Shop/A (AWS::Lambda::Function) has",
    );
  });
});

describe("code", () => {
  const Resources = { Order: lambda("Order") };

  test("code that is no asset of the assembly is refused", () => {
    expect(() => load({ Resources: { Order: lambda("Order", { Code: { S3Key: "other.zip" } }) } })).toThrow(
      "Shop/Order (AWS::Lambda::Function): its code other.zip is no directory of the assembly",
    );
  });

  test("a bundle that is gone is refused", () => {
    const directory = writeAssembly({ Resources });
    rmSync(join(directory, "asset.c0de"), { recursive: true });
    expect(() => loadFrom(directory)).toThrow("its code c0de.zip is no directory of the assembly");
  });

  test("a handler without its module is refused, with the file that is looked for", () => {
    const directory = writeAssembly({ Resources: { Order: lambda("Order", { Handler: "src/main.handler" }) } });
    expect(() => loadFrom(directory)).toThrow(
      `its handler src/main.handler needs ${join(directory, "asset.c0de/src/main")}.mjs (or .js, .cjs), which is not there`,
    );
    mkdirSync(join(directory, "asset.c0de/src"));
    writeFileSync(join(directory, "asset.c0de/src/main.cjs"), "");
    expect(loadFrom(directory).functions).toMatchObject([{ handler: "src/main.handler" }]);
  });

  test("a handler that names no export is refused", () => {
    expect(() => load({ Resources: { Order: lambda("Order", { Handler: "index" }) } })).toThrow(
      "property Handler: expected module.export, such as index.handler, was given index",
    );
  });
});
