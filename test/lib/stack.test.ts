import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { synthesizeDuet } from "../../bin/run-duet.ts";
import { ACCESS, MANAGES } from "../../lib/functions.ts";

interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are what these tests look into
  Properties: any;
  DeletionPolicy?: string;
}

async function synthesize(context: Record<string, string> = {}) {
  const outDirectory = await synthesizeDuet(context);
  const template = JSON.parse(readFileSync(join(outDirectory, "Duet.template.json"), "utf8"));
  const resources = Object.entries<Resource>(template.Resources);
  return {
    outDirectory,
    outputs: Object.keys(template.Outputs),
    all: (type: string) =>
      resources.filter(([, { Type }]) => Type === type).map(([id, resource]) => ({ id, ...resource })),
    named: (name: string) => {
      const found = resources.find(([id]) => new RegExp(`^${name}[0-9A-F]{8}$`).test(id));
      if (found === undefined) throw new Error(`The template has no ${name}`);
      return found[1];
    },
  };
}

let duet: Awaited<ReturnType<typeof synthesize>>;
beforeAll(async () => {
  duet = await synthesize();
});

describe("the stack", () => {
  test("has a function, a role and a log group for each of ACCESS, on arm64 and the newest runtime", () => {
    const functions = duet.all("AWS::Lambda::Function");
    expect(functions).toHaveLength(Object.keys(ACCESS).length);
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"], Timeout: 20 });
    expect(new Set(functions.map(({ Properties }) => JSON.stringify(Properties.Role))).size).toBe(functions.length);
    expect(duet.all("AWS::Logs::LogGroup")).toHaveLength(functions.length);
  });

  test("allows each role the actions of ACCESS on single tables, and on connections the method of MANAGES", () => {
    const statements = duet
      .all("AWS::IAM::Policy")
      .flatMap(({ id, Properties }) =>
        Properties.PolicyDocument.Statement.map((statement: object) => ({ role: roleOf(id), ...statement })),
      );
    // CDK makes one statement of those that allow the same actions on several tables.
    const allowed = (name: string) =>
      statements
        .filter(({ role, Action }) => role === pascalCase(name) && /^dynamodb:/.test(String(Action)))
        .flatMap(({ Action, Resource }) =>
          [Resource].flat().flatMap((table) => [Action].flat().map((action) => `${tableOf(table)} ${action}`)),
        );
    for (const [name, access] of Object.entries(ACCESS)) {
      const expected = Object.entries(access).flatMap(([table, actions]: [string, readonly string[]]) =>
        actions.map((action) => `${pascalCase(table)} dynamodb:${action}`),
      );
      expect(allowed(name).sort(), name).toEqual(expected.sort());
    }
    const managing = statements.filter(({ Action }) => !/^(dynamodb|logs):/.test(String(Action)));
    for (const [name, method] of Object.entries(MANAGES)) {
      const [statement, ...more] = managing.filter(({ role }) => role === pascalCase(name));
      expect(more).toEqual([]);
      expect(statement).toMatchObject({ Action: "execute-api:ManageConnections", Effect: "Allow" });
      expect(JSON.stringify(statement.Resource), name).toMatch(new RegExp(`/ws/${method}/@connections/\\*"\\]\\]}$`));
    }
    expect(managing).toHaveLength(Object.keys(MANAGES).length);
    for (const { Resource } of statements.filter((statement) => !managing.includes(statement)))
      for (const one of [Resource].flat())
        expect(one).toEqual({ "Fn::GetAtt": [expect.stringMatching(/^(Tables|Functions)\w+[0-9A-F]{8}$/), "Arn"] });
    for (const { Properties } of duet.all("AWS::IAM::Role"))
      expect(Object.keys(Properties)).toEqual(["AssumeRolePolicyDocument"]);
  });

  test("keeps the tables that people's words are in, with point-in-time recovery, unless it is a stage for development", async () => {
    const dev = await synthesize({ stage: "dev" });
    for (const name of ["Users", "Avatars", "Conversations", "Messages"]) {
      const kept = duet.named(`Tables${name}`);
      expect(kept.DeletionPolicy).toBe("Retain");
      expect(kept.Properties.Replicas[0]).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
      expect(dev.named(`Tables${name}`).DeletionPolicy).toBe("Delete");
    }
    expect(duet.named("TablesConnections").Properties.TimeToLiveSpecification).toEqual({
      AttributeName: "expiresAt",
      Enabled: true,
    });
  });

  test("puts the JWT authorizer on every HTTP route", () => {
    const routes = duet
      .all("AWS::ApiGatewayV2::Route")
      .filter(({ Properties }) => / \/api\//.test(Properties.RouteKey));
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([
      "DELETE /api/connections",
      "DELETE /api/conversations/{peer}/block",
      "DELETE /api/me/avatar",
      "GET /api/conversations",
      "GET /api/conversations/{peer}/messages",
      "GET /api/me",
      "GET /api/users/{username}",
      "GET /api/users/{username}/avatar",
      "POST /api/conversations/{peer}/messages",
      "PUT /api/conversations/{peer}/block",
      "PUT /api/conversations/{peer}/read",
      "PUT /api/me",
      "PUT /api/me/avatar",
    ]);
    for (const { Properties } of routes) expect(Properties.AuthorizationType).toBe("JWT");
  });

  test("has a route for each action of a frame", () => {
    const routes = duet.all("AWS::ApiGatewayV2::Route").map(({ Properties }) => Properties.RouteKey);
    expect(routes.filter((route) => !/ \/api\//.test(route)).sort()).toEqual([
      "$connect",
      "$default",
      "$disconnect",
      "sync",
      "typing",
    ]);
  });

  test("takes another issuer in the place of Cognito", async () => {
    const issuer = "https://login.example.com";
    const other = await synthesize({ issuer, audience: "duet", usernameClaim: "preferred_username" });
    expect(JSON.stringify(other.all("AWS::ApiGatewayV2::Authorizer"))).toContain(
      JSON.stringify({ Audience: ["duet"], Issuer: issuer }),
    );
    expect(other.named("FunctionsAuthorizeFunction").Properties.Environment.Variables).toMatchObject({
      ISSUER: issuer,
      AUDIENCE: "duet",
      USERNAME_CLAIM: "preferred_username",
    });
    expect(readFileSync(join(other.outDirectory, "Duet.template.json"), "utf8")).not.toMatch(/cognito/i);
    expect(duet.all("AWS::Cognito::UserPool")).toHaveLength(1);
  });

  test("[Q3] hands the limits to post-message", async () => {
    expect(variables(duet)).toMatchObject({ MESSAGES_PER_BURST: "20", NEW_PEERS_PER_HOUR: "30" });
    const unlimited = await synthesize({ limits: "off" });
    expect(variables(unlimited)).toMatchObject({ MESSAGES_PER_BURST: "none", NEW_PEERS_PER_HOUR: "none" });
    await expect(synthesize({ limits: "on" })).rejects.toThrow('-c limits takes "off" and nothing else; got "on"');
  });

  test("hands to post-message, and to nobody else, what becomes of markup", async () => {
    expect(variables(duet)).toMatchObject({ MARKUP: "strip" });
    expect(variables(await synthesize({ markup: "strip" }))).toMatchObject({ MARKUP: "strip" });
    expect(variables(await synthesize({ markup: "keep" }))).toMatchObject({ MARKUP: "keep" });
    const told = duet
      .all("AWS::Lambda::Function")
      .filter(({ Properties }) => "MARKUP" in (Properties.Environment?.Variables ?? {}));
    expect(told).toHaveLength(1);
    await expect(synthesize({ markup: "off" })).rejects.toThrow('-c markup takes "strip" or "keep"; got "off"');
  });

  test("names what a client needs in its outputs", () => {
    expect(duet.outputs.sort()).toEqual(["ApiUrl", "ClientId", "Issuer", "WebSocketUrl"]);
  });

  test("bundles no part of the SDK that a function has no use for", () => {
    const bundle = (name: string) => {
      const key: string = duet.named(`Functions${name}Function`).Properties.Code.S3Key;
      const directory = join(duet.outDirectory, `asset.${key.replace(".zip", "")}`);
      expect(readdirSync(directory)).toEqual(["index.mjs"]);
      return readFileSync(join(directory, "index.mjs"), "utf8");
    };
    const names = Object.keys(ACCESS);
    const withPart = (part: string) => names.filter((name) => bundle(pascalCase(name)).includes(part));
    expect(withPart("PostToConnection").sort()).toEqual(Object.keys(MANAGES).sort());
    const usesTables = Object.entries(ACCESS).flatMap(([name, access]) => (Object.keys(access).length > 0 ? name : []));
    expect(withPart("DynamoDB_2012")).toEqual(usesTables);
  });
});

/** Whose role a policy belongs to, as its name begins. */
function roleOf(policyId: string): string | undefined {
  return /^Functions(\w+)FunctionRoleDefaultPolicy[0-9A-F]{8}$/.exec(policyId)?.[1];
}

/** The name of the table that a policy's resource is. */
function tableOf(resource: { "Fn::GetAtt"?: string[] }): string | undefined {
  return /^Tables(\w+)[0-9A-F]{8}$/.exec(resource["Fn::GetAtt"]?.[0] ?? "")?.[1];
}

/** `http/post-message` → `PostMessage` */
function pascalCase(name: string): string {
  return name.replace(/^.*\//, "").replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function variables({ named }: Awaited<ReturnType<typeof synthesize>>) {
  return named("FunctionsPostMessageFunction").Properties.Environment.Variables;
}
