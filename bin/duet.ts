#!/usr/bin/env node
import { App, RemovalPolicy } from "aws-cdk-lib";
import { SENDER_LIMITS_DEFAULT } from "../functions/protocol/limits.ts";
import type { OidcProvider } from "../lib/identity.ts";
import { DuetStack } from "../lib/stack.ts";

const app = new App();
const context = (key: string): string | undefined => app.node.tryGetContext(key)?.toString();

const limits = context("limits");
if (limits !== undefined && limits !== "off")
  throw new Error(`-c limits takes "off" and nothing else; got ${JSON.stringify(limits)}`);
const markup = context("markup") ?? "strip";
if (markup !== "strip" && markup !== "keep")
  throw new Error(`-c markup takes "strip" or "keep"; got ${JSON.stringify(markup)}`);
const logRole = context("apiGatewayLogRole");
if (logRole !== undefined && logRole !== "existing")
  throw new Error(`-c apiGatewayLogRole takes "existing" and nothing else; got ${JSON.stringify(logRole)}`);
const provider = oidcProvider();
const alarmsTopicArn = context("alarmsTopic");
const runbookUrl = context("runbookUrl");

new DuetStack(app, "Duet", {
  ...(provider === undefined ? {} : { provider }),
  ...(alarmsTopicArn === undefined ? {} : { alarmsTopicArn }),
  ...(runbookUrl === undefined ? {} : { runbookUrl }),
  hasApiGatewayLogRole: logRole === "existing",
  webUrls: ["http://localhost:3000/"],
  limits: limits === "off" ? { messagesPerBurst: null, newPeersPerHour: null } : SENDER_LIMITS_DEFAULT,
  markup,
  removalPolicy: context("stage") === "dev" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
});

function oidcProvider(): OidcProvider | undefined {
  const issuer = context("issuer");
  if (issuer === undefined) return undefined;
  const audience = context("audience");
  if (!/^https:\/\/[^/]/.test(issuer)) throw new Error(`-c issuer=… takes an https URL; got ${JSON.stringify(issuer)}`);
  if (audience === undefined) throw new Error("-c issuer=… needs -c audience=…: the aud of the issuer's access tokens");
  return { issuer, audience, usernameClaim: context("usernameClaim") ?? "username" };
}
