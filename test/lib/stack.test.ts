import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { synthesizeDuet } from "../../bin/run-duet.ts";
import { ACCESS } from "../../lib/functions.ts";

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

  test("allows each role the actions of ACCESS on single tables, and posting to connections to post-message alone", () => {
    const statements = duet
      .all("AWS::IAM::Policy")
      .flatMap(({ id, Properties }) =>
        Properties.PolicyDocument.Statement.map((statement: object) => ({ id, ...statement })),
      );
    const actions: string[] = statements.flatMap(({ Action }) => Action);
    const expected = Object.values(ACCESS).flatMap((access) => Object.values(access).flat());
    expect(actions.filter((action) => action.startsWith("dynamodb:")).sort()).toEqual(
      expected.map((action) => `dynamodb:${action}`).sort(),
    );
    const others = statements.filter(({ Action }) => !/^(dynamodb|logs):/.test(String(Action)));
    expect(others).toMatchObject([{ Action: "execute-api:ManageConnections", Effect: "Allow" }]);
    expect(others[0].id).toMatch(/PostMessage/);
    expect(JSON.stringify(others[0].Resource)).toContain("/ws/POST/@connections/*");
    for (const { Resource } of statements.filter((statement) => statement !== others[0]))
      expect(Resource).toEqual({ "Fn::GetAtt": [expect.stringMatching(/^Tables|Logs[0-9A-F]{8}$/), "Arn"] });
    for (const { Properties } of duet.all("AWS::IAM::Role"))
      expect(Object.keys(Properties)).toEqual(["AssumeRolePolicyDocument"]);
  });

  test("keeps the tables that people's words are in, with point-in-time recovery, unless it is a stage for development", async () => {
    const dev = await synthesize({ stage: "dev" });
    for (const name of ["Users", "Conversations", "Messages"]) {
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
      "GET /api/conversations",
      "GET /api/conversations/{peer}/messages",
      "POST /api/conversations/{peer}/messages",
    ]);
    for (const { Properties } of routes) expect(Properties.AuthorizationType).toBe("JWT");
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
    const variables = ({ named }: typeof duet) =>
      named("FunctionsPostMessageFunction").Properties.Environment.Variables;
    expect(variables(duet)).toMatchObject({ MESSAGES_PER_BURST: "20", NEW_PEERS_PER_HOUR: "30" });
    const unlimited = await synthesize({ limits: "off" });
    expect(variables(unlimited)).toMatchObject({ MESSAGES_PER_BURST: "none", NEW_PEERS_PER_HOUR: "none" });
    await expect(synthesize({ limits: "on" })).rejects.toThrow('-c limits takes "off" and nothing else; got "on"');
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
    for (const name of ["Connect", "Disconnect", "Sync", "ListMessages", "ListConversations"])
      expect(bundle(name)).not.toContain("PostToConnection");
    for (const name of ["Authorize", "Default"]) expect(bundle(name)).not.toMatch(/DynamoDB_2012/);
    expect(bundle("PostMessage")).toMatch(/PostToConnection[\s\S]*DynamoDB_2012|DynamoDB_2012[\s\S]*PostToConnection/);
  });
});
