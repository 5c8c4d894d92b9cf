// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how Fn::Sub is written.
import { describe, expect, test } from "vitest";
import { lambda, load, table } from "./write-assembly.ts";

/** What an output with this value shows, in a template with these further sections. */
function resolved(value: unknown, sections: object = {}, parameters?: Record<string, string>): string | undefined {
  return load({ Resources: { Orders: table("Orders") }, Outputs: { It: { Value: value } }, ...sections }, parameters)
    .outputs.It;
}

describe("functions", () => {
  test("Ref gives a resource's name, a parameter's value or a pseudo parameter", () => {
    expect(resolved({ Ref: "Orders" })).toBe("Orders");
    expect(resolved({ Ref: "Size" }, { Parameters: { Size: { Type: "Number", Default: 3 } } })).toBe("3");
    expect(resolved({ Ref: "AWS::StackName" })).toBe("Shop");
    expect(resolved({ Ref: "AWS::StackId" })).toBe("arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/local");
  });

  test("a name may itself be made of references", () => {
    const TableName = { "Fn::Sub": "${AWS::StackName}-${Stock}" };
    const Resources = { Orders: table("Orders", { TableName }), Stock: table("Stock", { TableName: "stock" }) };
    expect(resolved({ Ref: "Orders" }, { Resources })).toBe("Shop-stock");
  });

  test("Fn::GetAtt gives an attribute, from a list or from a dotted text", () => {
    const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders";
    expect(resolved({ "Fn::GetAtt": ["Orders", "Arn"] })).toBe(arn);
    expect(resolved({ "Fn::GetAtt": "Orders.Arn" })).toBe(arn);
  });

  test("Fn::Join puts parts together, numbers too, and takes a list from another function", () => {
    expect(resolved({ "Fn::Join": ["-", ["a", 1, { Ref: "Orders" }]] })).toBe("a-1-Orders");
    expect(resolved({ "Fn::Join": ["+", { "Fn::Split": [".", "a.b.c"] }] })).toBe("a+b+c");
  });

  test("Fn::Sub replaces names, attributes and its own variables, and keeps literals", () => {
    const text = "${Orders} ${Orders.Arn} ${AWS::Region} ${!Orders}";
    const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders";
    expect(resolved({ "Fn::Sub": text })).toBe(`Orders ${arn} us-east-1 \${Orders}`);
    expect(resolved({ "Fn::Sub": ["${Own}/${Orders}", { Own: { Ref: "AWS::AccountId" } }] })).toBe(
      "000000000000/Orders",
    );
  });

  test("Fn::Select picks from a list parameter and from Fn::Split", () => {
    const Parameters = { Zones: { Type: "CommaDelimitedList", Default: "a, b" } };
    expect(resolved({ "Fn::Select": ["1", { Ref: "Zones" }] }, { Parameters })).toBe("b");
    expect(resolved({ "Fn::Select": [0, { "Fn::Split": ["/", "x/y"] }] })).toBe("x");
  });

  test("Fn::FindInMap looks up a value with keys that may be references", () => {
    const Mappings = { ByRegion: { "us-east-1": { size: "large" } } };
    expect(resolved({ "Fn::FindInMap": ["ByRegion", { Ref: "AWS::Region" }, "size"] }, { Mappings })).toBe("large");
  });

  test("AWS::NoValue leaves out the property or the list member that holds it", () => {
    const nothing = { Ref: "AWS::NoValue" };
    const Resources = {
      Order: lambda("Order", { Timeout: nothing, Environment: { Variables: { A: nothing, B: "b" } } }),
    };
    const [order] = load({ Resources }).functions;
    expect(order).toMatchObject({ timeoutSeconds: 3, environment: { B: "b" } });
    expect(order?.environment).not.toHaveProperty("A");
    expect(resolved({ "Fn::Join": ["-", ["a", nothing, "b"]] })).toBe("a-b");
  });
});

describe("conditions", () => {
  const Parameters = { Kind: { Type: "String", Default: "test" } };
  const isProduction = { "Fn::Equals": [{ Ref: "Kind" }, "production"] };
  const Conditions = {
    IsProduction: isProduction,
    IsTest: { "Fn::Not": [{ Condition: "IsProduction" }] },
    Both: { "Fn::And": [{ Condition: "IsProduction" }, { Condition: "IsTest" }] },
    Either: { "Fn::Or": [isProduction, { Condition: "IsTest" }] },
  };
  const outcome = (condition: string, parameters?: Record<string, string>) =>
    resolved({ "Fn::If": [condition, "yes", "no"] }, { Parameters, Conditions }, parameters);

  test("Equals, Not, And, Or and Condition decide Fn::If", () => {
    expect(["IsProduction", "IsTest", "Both", "Either"].map((name) => outcome(name))).toEqual([
      "no",
      "yes",
      "no",
      "yes",
    ]);
    expect(outcome("IsProduction", { Kind: "production" })).toBe("yes");
  });

  test("resources and outputs whose condition does not hold are absent", () => {
    const app = load({
      Parameters,
      Conditions,
      Resources: {
        Orders: table("Orders", {}, { Condition: "IsTest" }),
        Audit: table("Audit", {}, { Condition: "IsProduction" }),
      },
      Outputs: { Audit: { Value: { Ref: "Audit" }, Condition: "IsProduction" }, Orders: { Value: { Ref: "Orders" } } },
    });
    expect(app.tables.map(({ tableName }) => tableName)).toEqual(["Orders"]);
    expect(app.outputs).toEqual({ Orders: "Orders" });
  });

  test("a branch that is not chosen may refer to what its condition leaves out", () => {
    const Resources = { Audit: table("Audit", {}, { Condition: "IsProduction" }) };
    const value = { "Fn::If": ["IsProduction", { Ref: "Audit" }, "none"] };
    expect(resolved(value, { Parameters, Conditions, Resources })).toBe("none");
  });

  test("conditions that refer to each other in a loop are refused", () => {
    const looped = { A: { "Fn::Not": [{ Condition: "B" }] }, B: { Condition: "A" } };
    expect(() => resolved({ "Fn::If": ["A", "yes", "no"] }, { Conditions: looped })).toThrow(
      "Conditions.A: conditions refer to each other in a loop: A → B → A",
    );
  });

  test("a condition that refers to a resource is refused", () => {
    const Conditions = { A: { "Fn::Equals": [{ Ref: "Orders" }, "x"] } };
    expect(() => resolved({ "Fn::If": ["A", "yes", "no"] }, { Conditions })).toThrow(
      "Conditions.A: refers to Orders, which is no parameter; a condition can refer to no resource",
    );
  });
});

describe("refusals", () => {
  const environment = (value: unknown) => ({
    Resources: { Order: lambda("Order", { Environment: { Variables: { IT: value } } }) },
  });
  const ORDER = "Shop/Order (AWS::Lambda::Function)";

  test.each([
    ["an unknown function", { "Fn::Base64": "x" }, "the intrinsic function Fn::Base64 is not supported"],
    ["an unknown name", { Ref: "Nowhere" }, "refers to Nowhere, which the template does not define"],
    [
      "an unknown name in a text",
      { "Fn::Sub": "${Nowhere.Arn}" },
      "refers to Nowhere, which the template does not define",
    ],
    [
      "an unknown condition",
      { "Fn::If": ["No", 1, 2] },
      "refers to the condition No, which the template does not define",
    ],
    ["an unknown mapping", { "Fn::FindInMap": ["M", "a", "b"] }, "looks up M.a.b, which Mappings does not hold"],
    ["an index beyond a list", { "Fn::Select": ["2", ["a", "b"]] }, "Fn::Select needs an index within its list"],
    ["a join of objects", { "Fn::Join": ["", [{ a: 1 }]] }, 'Fn::Join needs a text, was given {"a":1}'],
  ])("%s is refused in the resource's name", (_, value, problem) => {
    expect(() => load(environment(value))).toThrow(`${ORDER}: ${problem}`);
  });

  test("an unknown attribute is refused by name", () => {
    const Resources = {
      Orders: table("Orders"),
      Order: lambda("Order", { Handler: { "Fn::GetAtt": ["Orders", "StreamArn"] } }),
    };
    expect(() => load({ Resources })).toThrow(
      `${ORDER}: the attribute StreamArn of Shop/Orders (AWS::DynamoDB::Table) is not supported by the local runtime`,
    );
  });

  test("a reference to a resource that its condition leaves out is refused", () => {
    const Conditions = { Never: { "Fn::Equals": ["a", "b"] } };
    const Resources = { Audit: table("Audit", {}, { Condition: "Never" }) };
    expect(() => resolved({ Ref: "Audit" }, { Conditions, Resources })).toThrow(
      "Outputs.It: refers to Audit, which its condition Never leaves out",
    );
  });

  test("resources that refer to each other in a loop are refused, with the loop", () => {
    const Resources = {
      Orders: table("Orders", { TableName: { "Fn::Sub": "x-${Stock}" } }),
      Stock: table("Stock", { TableName: { Ref: "Orders" } }),
    };
    expect(() => load({ Resources })).toThrow(
      "Shop/Orders (AWS::DynamoDB::Table) → Shop/Stock (AWS::DynamoDB::Table) → Shop/Orders (AWS::DynamoDB::Table)",
    );
  });

  test("a loop through properties without local effect is refused too", () => {
    const role = { Type: "AWS::IAM::Role", Properties: { Description: { Ref: "Order" } } };
    const Resources = { Role: role, Order: lambda("Order", { Role: { "Fn::GetAtt": ["Role", "Arn"] } }) };
    expect(() => load({ Resources })).toThrow("in a loop, which cannot be deployed: Role (AWS::IAM::Role)");
  });

  test("a loop through a branch that is not chosen is none", () => {
    const Conditions = { Never: { "Fn::Equals": ["a", "b"] } };
    const Resources = {
      Orders: table("Orders", { TableName: { "Fn::If": ["Never", { Ref: "Stock" }, "orders"] } }),
      Stock: table("Stock", { TableName: { "Fn::Sub": "${Orders}-stock" } }),
    };
    expect(load({ Conditions, Resources }).tables.map(({ tableName }) => tableName)).toEqual([
      "orders",
      "orders-stock",
    ]);
  });

  test.each([
    ["without a value", { Type: "String" }, undefined, "has no default and was not given"],
    ["of an SSM type", { Type: "AWS::SSM::Parameter::Value<String>" }, { It: "x" }, "the type AWS::SSM::Parameter"],
    [
      "of a value that is not allowed",
      { Type: "String", AllowedValues: ["a", "b"] },
      { It: "c" },
      "one of a, b, was given c",
    ],
  ])("a parameter %s is refused", (_, parameter, given, problem) => {
    expect(() => resolved({ Ref: "It" }, { Parameters: { It: parameter } }, given)).toThrow(problem);
  });

  test("a given value for no parameter is refused, with the parameters that there are", () => {
    const Parameters = { Kind: { Type: "String", Default: "a" } };
    expect(() => resolved("x", { Parameters }, { Kinds: "b" })).toThrow(
      "Parameters.Kinds: is no parameter of the template; those are: Kind",
    );
  });
});
