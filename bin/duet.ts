#!/usr/bin/env node
import { App, RemovalPolicy } from "aws-cdk-lib";
import { SENDER_LIMITS_DEFAULT, SENDER_LIMITS_OFF } from "../functions/protocol/limits.ts";
import type { OidcProvider } from "../lib/identity.ts";
import { DuetStack } from "../lib/stack.ts";
import type { SteadyLoad } from "../lib/steady-load.ts";
import type { WebsiteProps } from "../lib/website.ts";

const app = new App();
const context = (key: string): string | undefined => app.node.tryGetContext(key)?.toString();

const limits = context("limits");
if (limits !== undefined && limits !== "off")
  throw new Error(`-c limits takes "off" and nothing else; got ${JSON.stringify(limits)}`);
const unlimited = context("unlimitedSenders")?.split(",") ?? [];
const webUrls = context("webUrls")?.split(",") ?? [];
for (const url of webUrls)
  if (!/^[a-z][a-z0-9+.-]*:\/./.test(url))
    throw new Error(
      `-c webUrls takes addresses, as https://app.example/,exampleapp://signed-in; got ${JSON.stringify(url)}`,
    );
const markup = context("markup") ?? "strip";
if (markup !== "strip" && markup !== "keep")
  throw new Error(`-c markup takes "strip" or "keep"; got ${JSON.stringify(markup)}`);
const logRole = context("apiGatewayLogRole");
if (logRole !== undefined && logRole !== "existing")
  throw new Error(`-c apiGatewayLogRole takes "existing" and nothing else; got ${JSON.stringify(logRole)}`);
const tracing = context("tracing");
if (tracing !== undefined && tracing !== "on")
  throw new Error(`-c tracing takes "on" and nothing else; got ${JSON.stringify(tracing)}`);
const steadyLoad = sendsPerSecond();
const provider = oidcProvider();
const alarmsTopicArn = context("alarmsTopic");
const runbookUrl = context("runbookUrl");

new DuetStack(app, "Duet", {
  ...(provider === undefined ? {} : { provider }),
  ...(alarmsTopicArn === undefined ? {} : { alarmsTopicArn }),
  ...(runbookUrl === undefined ? {} : { runbookUrl }),
  hasApiGatewayLogRole: logRole === "existing",
  website: website(),
  webUrls,
  limits: { ...(limits === "off" ? SENDER_LIMITS_OFF : SENDER_LIMITS_DEFAULT), unlimited },
  markup,
  tracing: tracing === "on",
  ...(steadyLoad === undefined ? {} : { steadyLoad }),
  removalPolicy: context("stage") === "dev" ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
});

function sendsPerSecond(): SteadyLoad | undefined {
  const range = context("sendsPerSecond");
  if (range === undefined) return undefined;
  const [, min, max] = /^(\d{1,6})-(\d{1,6})$/.exec(range) ?? [];
  if (min === undefined || max === undefined)
    throw new Error(`-c sendsPerSecond takes a range, as 5-200; got ${JSON.stringify(range)}`);
  return { sendsPerSecondMin: Number(min), sendsPerSecondMax: Number(max) };
}

function website(): WebsiteProps {
  const name = context("domainName");
  const certificateArn = context("certificateArn");
  const firewall = context("firewall");
  if ((name === undefined) !== (certificateArn === undefined))
    throw new Error("-c domainName=… and -c certificateArn=… go together: a name, and its certificate in us-east-1");
  if (certificateArn !== undefined && !/^arn:[\w-]+:acm:us-east-1:\d{12}:certificate\//.test(certificateArn))
    throw new Error(
      `-c certificateArn takes the ARN of a certificate in us-east-1; got ${JSON.stringify(certificateArn)}`,
    );
  if (
    firewall !== undefined &&
    firewall !== "on" &&
    !/^arn:[\w-]+:wafv2:us-east-1:\d{12}:global\/webacl\//.test(firewall)
  )
    throw new Error(`-c firewall takes "on", or the ARN of a global web ACL; got ${JSON.stringify(firewall)}`);
  return {
    ...(name === undefined || certificateArn === undefined ? {} : { domain: { name, certificateArn } }),
    ...(firewall === undefined ? {} : { firewall: firewall === "on" ? true : firewall }),
  };
}

function oidcProvider(): OidcProvider | undefined {
  const issuer = context("issuer");
  if (issuer === undefined) {
    const without = ["audience", "clientId", "scope", "usernameClaim"].find((key) => context(key) !== undefined);
    if (without !== undefined) throw new Error(`-c ${without}=… says something about an issuer: give -c issuer=… too`);
    return undefined;
  }
  const audience = context("audience");
  if (!/^https:\/\/[^/]/.test(issuer)) throw new Error(`-c issuer=… takes an https URL; got ${JSON.stringify(issuer)}`);
  if (audience === undefined) throw new Error("-c issuer=… needs -c audience=…: the aud of the issuer's access tokens");
  const clientId = context("clientId");
  const scope = context("scope");
  return {
    issuer,
    audience,
    usernameClaim: context("usernameClaim") ?? "username",
    ...(clientId === undefined ? {} : { clientId }),
    ...(scope === undefined ? {} : { scope }),
  };
}
