import { beforeAll, expect, test } from "vitest";
import { ACCESS, MANAGES } from "../../lib/functions.ts";
import { pascalCase, synthesize, type Template } from "./template.ts";

let duet: Template;
beforeAll(async () => {
  duet = await synthesize();
});

/** What may be done by whom to what, one a line. */
interface Grant {
  who: string;
  action: string;
  resource: string;
}

/** CDK's own function that copies the website into its bucket. */
const DEPLOYMENT = /^CustomCDKBucketDeployment/;

/** Every statement of every policy that is attached to a role, but for that of `DEPLOYMENT`. */
function grants(template = duet): Grant[] {
  const own = template.all("AWS::IAM::Policy").filter(({ id }) => !DEPLOYMENT.test(id));
  return own.flatMap(({ id, Properties: { PolicyDocument, Roles } }) => {
    const [role, ...more] = Roles.map(({ Ref }: { Ref: string }) => Ref);
    expect(more, id).toEqual([]);
    return PolicyDocument.Statement.flatMap((statement: Record<string, unknown>) => {
      // Nothing of NotAction, NotResource, or a condition that would have to be understood.
      expect(Object.keys(statement).sort(), id).toEqual(["Action", "Effect", "Resource"]);
      expect(statement.Effect, id).toBe("Allow");
      return [statement.Action].flat().flatMap((action) =>
        [statement.Resource].flat().map((resource) => ({
          who: name(role),
          action: String(action),
          resource: describe(resource),
        })),
      );
    });
  });
}

/** `FunctionsPostMessageFunctionRole1A2B3C4D` → `PostMessage`; a table's name, without what makes it unique. */
function name(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, "").replace(/^Functions(\w+)FunctionRole$/, "$1");
}

function describe(resource: unknown): string {
  const { "Fn::GetAtt": [logicalId, attribute] = [], "Fn::Join": [, parts] = ["", []] } = resource as {
    "Fn::GetAtt"?: string[];
    "Fn::Join"?: [string, (string | { Ref: string })[]];
  };
  if (attribute === "Arn" && logicalId !== undefined) return name(logicalId);
  if (parts.length > 0) return parts.map((part) => (typeof part === "string" ? part : `<${name(part.Ref)}>`)).join("");
  return JSON.stringify(resource);
}

/** What README.md says that the functions may do, and that each may write its own log. */
function expectedGrants(): Grant[] {
  const tables = Object.entries(ACCESS).flatMap(([functionName, access]) =>
    Object.entries(access).flatMap(([table, actions]: [string, readonly string[]]) =>
      actions.map((action) => ({
        who: pascalCase(functionName),
        action: `dynamodb:${action}`,
        resource: `Tables${pascalCase(table)}`,
      })),
    ),
  );
  const connections = Object.entries(MANAGES).map(([functionName, method]) => ({
    who: pascalCase(functionName),
    action: "execute-api:ManageConnections",
    // Any connection of the one stage: the gateway makes up a connection's id when a client connects.
    resource: `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/ws/${method}/@connections/*`,
  }));
  const logs = Object.keys(ACCESS).flatMap((functionName) =>
    ["logs:CreateLogStream", "logs:PutLogEvents"].map((action) => ({
      who: pascalCase(functionName),
      action,
      resource: `Functions${pascalCase(functionName)}FunctionLogs`,
    })),
  );
  return [...tables, ...connections, ...logs];
}

const line = ({ who, action, resource }: Grant) => `${who} may ${action} on ${resource}`;

test("the roles allow what README.md says, their own logs, and nothing else", () => {
  expect(grants().map(line).sort()).toEqual(expectedGrants().map(line).sort());
});

test("with traces, each function may also write those, and nothing else", async () => {
  const more = grants(await synthesize({ tracing: "on" })).map(line);
  const before = new Set(grants().map(line));
  const traces = Object.keys(ACCESS).flatMap((functionName) =>
    ["xray:PutTelemetryRecords", "xray:PutTraceSegments"].map(
      (action) => `${pascalCase(functionName)} may ${action} on "*"`,
    ),
  );
  expect(more.filter((each) => !before.has(each)).sort()).toEqual(traces.sort());
  expect(more).toHaveLength(before.size + traces.length);
});

test("no grant has a wildcard, but for the connections of the one stage", () => {
  for (const { action, resource } of grants()) {
    expect(action).not.toContain("*");
    expect(resource.replace(/\/@connections\/\*$/, "")).not.toContain("*");
  }
});

test("what copies the website may read what was deployed, write the website's bucket, and tell CloudFront", () => {
  const policies = duet.all("AWS::IAM::Policy").filter(({ id }) => DEPLOYMENT.test(id));
  const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const places = statements.map(({ Resource }) => JSON.stringify(Resource));
  expect(statements).toHaveLength(3);
  for (const [index, { Action }] of statements.entries()) {
    const isOwnBucket = places[index]?.includes("WebsiteBucket");
    const isInvalidation = [Action].flat().every((action: string) => action.startsWith("cloudfront:"));
    if (isInvalidation)
      expect([...Action].sort()).toEqual(["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]);
    else if (!isOwnBucket) {
      expect(places[index]).toContain("cdk-hnb659fds-assets-");
      expect([...Action].sort()).toEqual(["s3:GetBucket*", "s3:GetObject*", "s3:List*"]);
    }
  }
});

test("no role has another policy, but for the one that API Gateway writes its logs with, and that of CDK's own", () => {
  const others = duet.all("AWS::IAM::Role").flatMap(({ id, Properties }) => {
    const { AssumeRolePolicyDocument, ...more } = Properties;
    const [statement, ...statements] = AssumeRolePolicyDocument.Statement;
    expect(statements).toEqual([]);
    expect(statement).toEqual({
      Action: "sts:AssumeRole",
      Effect: "Allow",
      Principal: { Service: expect.stringMatching(/^(lambda|apigateway)\.amazonaws\.com$/) },
    });
    return Object.keys(more).length === 0 ? [] : [{ id, ...more }];
  });
  expect(others).toEqual([
    {
      id: expect.stringMatching(/^WebSocketApiLogRole[0-9A-F]{8}$/),
      ManagedPolicyArns: [
        {
          "Fn::Join": [
            "",
            ["arn:", { Ref: "AWS::Partition" }, ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"],
          ],
        },
      ],
    },
    {
      id: expect.stringMatching(DEPLOYMENT),
      ManagedPolicyArns: [
        {
          "Fn::Join": [
            "",
            ["arn:", { Ref: "AWS::Partition" }, ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
          ],
        },
      ],
    },
  ]);
});

test("only the two APIs and the user pool may invoke a function, and each only from the one place", () => {
  for (const { id, Properties } of duet.all("AWS::Lambda::Permission")) {
    expect(Properties.Action, id).toBe("lambda:InvokeFunction");
    expect(Properties.Principal, id).toMatch(/^(apigateway|cognito-idp)\.amazonaws\.com$/);
    expect(JSON.stringify(Properties.SourceArn), id).toMatch(/HttpApi|WebSocketApi|UserPool/);
  }
});

test("the website's bucket is read by the one distribution, and by nobody without TLS", () => {
  const statements = duet.all("AWS::S3::BucketPolicy").flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  expect(statements).toEqual([
    expect.objectContaining({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
    expect.objectContaining({
      Effect: "Allow",
      Action: "s3:GetObject",
      Principal: { Service: "cloudfront.amazonaws.com" },
      Condition: { StringEquals: { "AWS:SourceArn": expect.anything() } },
    }),
  ]);
  expect(JSON.stringify(statements[1].Condition)).toContain("WebsiteDistribution");
});

test("there is no policy of another kind", () => {
  const types = new Set(Object.values(duet.resources).map(({ Type }) => Type));
  expect([...types].filter((type) => /Policy|Permission|Role/.test(type)).sort()).toEqual([
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
  ]);
});
