import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ACCESS, MANAGES } from "../../lib/functions.ts";
import { pascalCase, synthesize, type Template } from "./template.ts";

let duet: Template;
beforeAll(async () => {
  duet = await synthesize();
});

describe("the stack", { timeout: 120_000 }, () => {
  test("has a function, a role and a log group for each of ACCESS, on arm64 and the newest runtime", () => {
    const functions = duet.all("AWS::Lambda::Function").filter(({ id }) => id.startsWith("Functions"));
    expect(functions).toHaveLength(Object.keys(ACCESS).length);
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"], Timeout: 20 });
    expect(new Set(functions.map(({ Properties }) => JSON.stringify(Properties.Role))).size).toBe(functions.length);
    expect(duet.all("AWS::Logs::LogGroup").filter(({ id }) => /^Functions/.test(id))).toHaveLength(functions.length);
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
    expect(dev.named("IdentityUserPool").DeletionPolicy).toBe("Delete");
    expect(duet.named("IdentityUserPool")).toMatchObject({
      DeletionPolicy: "Retain",
      Properties: { DeletionProtection: "ACTIVE" },
    });
    expect(duet.named("TablesConnections").Properties.TimeToLiveSpecification).toEqual({
      AttributeName: "expiresAt",
      Enabled: true,
    });
  });

  test("pays for what is used, unless there is a load between which and which capacity follows it", async () => {
    const steady = await synthesize({ sendsPerSecond: "5-200" });
    const billing = (template: Template) =>
      template
        .all("AWS::DynamoDB::GlobalTable")
        .map(({ id, Properties }) => [id.slice(0, -8), Properties.BillingMode] as const);
    expect(billing(duet).map(([, mode]) => mode)).toEqual(Array(5).fill("PAY_PER_REQUEST"));
    expect(billing(steady).filter(([, mode]) => mode === "PROVISIONED")).toEqual([
      ["TablesConversations", "PROVISIONED"],
      ["TablesMessages", "PROVISIONED"],
    ]);
    const scaling = (name: string) => {
      const { WriteProvisionedThroughputSettings: write, Replicas } = steady.named(name).Properties;
      return [
        write.WriteCapacityAutoScalingSettings,
        Replicas[0].ReadProvisionedThroughputSettings.ReadCapacityAutoScalingSettings,
      ];
    };
    const range = (MinCapacity: number, MaxCapacity: number) =>
      expect.objectContaining({
        MinCapacity,
        MaxCapacity,
        TargetTrackingScalingPolicyConfiguration: { TargetValue: 70 },
      });
    expect(scaling("TablesConversations")).toEqual([range(10, 800), range(5, 400)]);
    expect(scaling("TablesMessages")).toEqual([range(5, 400), range(5, 400)]);
  });

  test.each(["5", "200-5", "0-5", "5-x"])(
    "refuses %s as a steady load, and says what it takes",
    async (sendsPerSecond) => {
      await expect(synthesize({ sendsPerSecond })).rejects.toThrow(/5.*200/);
    },
  );

  test("has traces only when it is told to", async () => {
    const modes = (template: Template) =>
      new Set(
        template
          .all("AWS::Lambda::Function")
          .filter(({ id }) => id.startsWith("Functions"))
          .map(({ Properties }) => Properties.TracingConfig?.Mode),
      );
    expect([...modes(duet)]).toEqual([undefined]);
    expect([...modes(await synthesize({ tracing: "on" }))]).toEqual(["Active"]);
    await expect(synthesize({ tracing: "yes" })).rejects.toThrow(/"on".*"yes"/);
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

  test("limits each route of both APIs, and those that people use seldom to a tenth", () => {
    const stages = duet
      .all("AWS::ApiGatewayV2::Stage")
      .map(({ Properties, DependsOn }) => ({ ...Properties, DependsOn }));
    expect(stages).toHaveLength(2);
    const routes = duet.all("AWS::ApiGatewayV2::Route");
    for (const { DefaultRouteSettings, RouteSettings, ApiId, DependsOn } of stages) {
      expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 2000 });
      for (const [routeKey, settings] of Object.entries(RouteSettings)) {
        expect(settings).toEqual({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 });
        // CloudFormation refuses the settings of a route that it has not made yet.
        const route = routes.find(
          ({ Properties }) => Properties.RouteKey === routeKey && Properties.ApiId.Ref === ApiId.Ref,
        );
        expect(DependsOn, routeKey).toContain(route?.id);
      }
    }
    expect(stages.flatMap(({ RouteSettings }) => Object.keys(RouteSettings))).toHaveLength(7);
  });

  test("takes no function's share out of the account's concurrency: the routes' limits bound each", () => {
    for (const { Properties } of duet.all("AWS::Lambda::Function"))
      expect(Properties).not.toHaveProperty("ReservedConcurrentExecutions");
    // What bounds them holds only while nothing but a request starts a function.
    expect(duet.all("AWS::Lambda::EventSourceMapping")).toEqual([]);
  });

  test("writes a line for each request, with neither path, query, header, address nor body", () => {
    const variables = duet
      .all("AWS::ApiGatewayV2::Stage")
      .map(({ Properties }) => Object.values<string>(JSON.parse(Properties.AccessLogSettings.Format)));
    expect(variables).toHaveLength(2);
    for (const one of variables)
      for (const variable of ["requestId", "routeKey", "status", "integrationLatency", "error.message"])
        expect(one).toContain(`$context.${variable}`);
    expect(
      variables.flat().filter((variable) => /path|query|header|identity|body|claims|principal/i.test(variable)),
    ).toEqual([]);
    const groups = duet.all("AWS::Logs::LogGroup");
    for (const { Properties, id } of groups) expect(Properties.RetentionInDays, id).toBe(30);
    const access = groups.filter(({ id }) => /AccessLogs/.test(id));
    expect(access.map(({ Properties }) => Properties.LogGroupClass)).toEqual([
      "INFREQUENT_ACCESS",
      "INFREQUENT_ACCESS",
    ]);
    // No metric can be made of that class.
    const metered = duet.all("AWS::Logs::MetricFilter").map(({ Properties }) => Properties.LogGroupName.Ref);
    expect(metered.length).toBeGreaterThan(0);
    expect(access.filter(({ id }) => metered.includes(id))).toEqual([]);
  });

  test("gives API Gateway the role for its logs before the stage that needs it, unless it has one", async () => {
    const stage = duet.named("WebSocketApiStage");
    const [account, ...more] = duet.all("AWS::ApiGateway::Account");
    expect(more).toEqual([]);
    expect(account?.DeletionPolicy).toBe("Retain");
    expect(stage.DependsOn).toContain(account?.id);
    const other = await synthesize({ apiGatewayLogRole: "existing" });
    expect(other.all("AWS::ApiGateway::Account")).toEqual([]);
  });

  test("asks before a sign-up whether the username is one, which only Cognito has to be told", async () => {
    const { LambdaConfig } = duet.named("IdentityUserPool").Properties;
    expect(LambdaConfig).toEqual({
      PreSignUp: { "Fn::GetAtt": [expect.stringMatching(/^FunctionsPreSignUpFunction/), "Arn"] },
    });
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

  test("has its user pool take a password from services of the account alone", () => {
    const [client] = duet.all("AWS::Cognito::UserPoolClient");
    expect(client?.Properties.ExplicitAuthFlows).toEqual([
      "ALLOW_ADMIN_USER_PASSWORD_AUTH",
      "ALLOW_USER_SRP_AUTH",
      "ALLOW_REFRESH_TOKEN_AUTH",
    ]);
    expect(client?.Properties.GenerateSecret).toBe(false);
  });

  test("lets web pages of the origins that it is told of call the API, and sends people back to other clients", async () => {
    const corsOf = ({ all }: Template) =>
      all("AWS::ApiGatewayV2::Api").flatMap(({ Properties }) => Properties.CorsConfiguration ?? []);
    expect(corsOf(duet)).toEqual([]);
    const told = await synthesize({ webUrls: "https://app.example/in,https://app.example/,exampleapp://signed-in" });
    expect(corsOf(told)).toEqual([
      {
        AllowOrigins: ["https://app.example"],
        AllowMethods: ["GET", "POST", "PUT", "DELETE"],
        AllowHeaders: ["authorization", "content-type", "duet-connection", "idempotency-key"],
        ExposeHeaders: ["retry-after"],
        MaxAge: 7200,
      },
    ]);
    const [client] = told.all("AWS::Cognito::UserPoolClient");
    expect(client?.Properties.CallbackURLs).toEqual(
      expect.arrayContaining(["https://app.example/in", "https://app.example/", "exampleapp://signed-in"]),
    );
    await expect(synthesize({ webUrls: "app.example" })).rejects.toThrow("-c webUrls takes addresses, as https://app");
  });

  test("refuses context that would be without effect, or names what cannot be", async () => {
    await expect(synthesize({ clientId: "duet-web" })).rejects.toThrow("-c clientId=… says something about an issuer");
    await expect(synthesize({ domainName: "chat.example.com" })).rejects.toThrow("-c certificateArn=… go together");
    await expect(synthesize({ firewall: "off" })).rejects.toThrow('-c firewall takes "on", or the ARN');
    const certificateArn = "arn:aws:acm:eu-west-1:123456789012:certificate/1";
    await expect(synthesize({ domainName: "chat.example.com", certificateArn })).rejects.toThrow("in us-east-1; got");
  });

  test("[Q3] hands the limits to post-message", async () => {
    expect(variables(duet)).toMatchObject({ MESSAGES_PER_BURST: "20", NEW_PEERS_PER_HOUR: "30" });
    const unlimited = await synthesize({ limits: "off" });
    expect(variables(unlimited)).toMatchObject({ MESSAGES_PER_BURST: "none", NEW_PEERS_PER_HOUR: "none" });
    expect(variables(duet)).not.toHaveProperty("UNLIMITED_SENDERS");
    const desk = await synthesize({ unlimitedSenders: "张三,desk" });
    expect(variables(desk)).toMatchObject({ MESSAGES_PER_BURST: "20", UNLIMITED_SENDERS: "张三,desk" });
    await expect(synthesize({ unlimitedSenders: "a desk" })).rejects.toThrow('is not . or ..; got "a desk"');
    const many = Array.from({ length: 20 }, () => "x".repeat(120)).join(",");
    await expect(synthesize({ unlimitedSenders: many })).rejects.toThrow("at most 2048 bytes; these take 2419");
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
    expect(duet.outputs.sort()).toEqual(
      ["ApiUrl", "ClientId", "DistributionDomain", "Issuer", "WebSocketUrl", "WebUrl"].sort(),
    );
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
    expect(withPart("/@connections/").sort()).toEqual(Object.keys(MANAGES).sort());
    const usesTables = Object.entries(ACCESS).flatMap(([name, access]) => (Object.keys(access).length > 0 ? name : []));
    expect(withPart("DynamoDB_2012")).toEqual(usesTables);
  });
});

function variables({ named }: Template) {
  return named("FunctionsPostMessageFunction").Properties.Environment.Variables;
}
