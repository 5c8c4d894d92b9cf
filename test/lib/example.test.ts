import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { ACCESS } from "../../lib/functions.ts";
import { loadApp } from "../../local/assembly/load-app.ts";
import { synthesize } from "../../local/synthesize.ts";
import { readTemplate, type Template } from "./template.ts";

describe("the example: a stack that has PrivateMessaging in it", () => {
  let example: Template;
  beforeAll(async () => {
    const outDirectory = await synthesize({
      projectDirectory: fileURLToPath(new URL("../../examples/support-desk", import.meta.url)),
      inputs: ["app.ts", "../../lib", "../../functions", "../../package-lock.json"],
      context: {},
      cacheDirectory: join(mkdtempSync(join(tmpdir(), "example-")), "synth"),
    });
    example = readTemplate(outDirectory, "SupportDesk");
  });

  test("has all of Duet, but no user pool and what belongs to it", () => {
    expect(example.all("AWS::Lambda::Function")).toHaveLength(Object.keys(ACCESS).length - 1);
    expect(example.all("AWS::DynamoDB::GlobalTable")).toHaveLength(5);
    expect(JSON.stringify(example.resources)).not.toMatch(/cognito/i);
  });

  test("hands on what it was told", () => {
    const [authorizer] = example
      .all("AWS::ApiGatewayV2::Authorizer")
      .flatMap(({ Properties }) => Properties.JwtConfiguration ?? []);
    expect(authorizer).toEqual({ Audience: ["support-desk"], Issuer: "https://login.shop.example" });
    expect(example.named("MessagingFunctionsPostMessageFunction").Properties.Environment.Variables).toMatchObject({
      MARKUP: "strip",
      MESSAGES_PER_BURST: "30",
      NEW_PEERS_PER_HOUR: "5",
      UNLIMITED_SENDERS: "support-desk",
    });
    for (const { Properties } of example.all("AWS::Logs::LogGroup")) expect(Properties.RetentionInDays).toBe(90);
  });

  test("can be served on this machine too", () => {
    const app = loadApp({ outDirectory: example.outDirectory, baseUrl: "http://localhost:3000" });
    expect(app.outputs).toEqual({ ApiUrl: "http://localhost:3000", WebSocketUrl: "ws://localhost:3000/ws" });
  });
});
