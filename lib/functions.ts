import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Duration } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct, type IConstruct } from "constructs";
import type { SenderLimits } from "../functions/protocol/limits.ts";
import { parseUsername } from "../functions/protocol/username.ts";
import { acceptFinding } from "./accepted-findings.ts";
import type { LogKeeping } from "./access-logs.ts";
import { bundleFunctions } from "./bundle.ts";
import type { Identity } from "./identity.ts";
import type { Tables } from "./tables.ts";

type TableName = "users" | "avatars" | "connections" | "conversations" | "messages";
type Action = "GetItem" | "BatchGetItem" | "Query" | "PutItem" | "UpdateItem" | "DeleteItem";

/** Which function may do what to which table: all that it may do, and the README's table. */
export const ACCESS = {
  "identity/pre-sign-up": {},
  "websocket/authorize": {},
  "websocket/connect": { users: ["GetItem", "PutItem"], connections: ["PutItem", "Query", "DeleteItem"] },
  "websocket/disconnect": { connections: ["DeleteItem"] },
  "websocket/sync": { connections: ["GetItem", "PutItem"], conversations: ["Query"] },
  "websocket/typing": {
    users: ["GetItem"],
    connections: ["Query", "DeleteItem"],
    conversations: ["GetItem"],
  },
  "websocket/default": {},
  "http/post-message": {
    users: ["GetItem", "BatchGetItem", "PutItem", "UpdateItem"],
    connections: ["Query", "DeleteItem"],
    conversations: ["BatchGetItem", "UpdateItem"],
    messages: ["Query", "PutItem"],
  },
  "http/list-messages": { users: ["GetItem", "PutItem"], messages: ["Query"] },
  "http/list-conversations": { users: ["GetItem", "PutItem", "BatchGetItem"], conversations: ["Query"] },
  "http/mark-read": {
    users: ["GetItem"],
    connections: ["Query", "DeleteItem"],
    conversations: ["GetItem", "UpdateItem"],
  },
  "http/block": {
    users: ["GetItem", "PutItem"],
    conversations: ["UpdateItem"],
    messages: ["Query", "PutItem"],
  },
  "http/unblock": { users: ["GetItem", "PutItem"], conversations: ["UpdateItem"] },
  "http/get-me": { users: ["GetItem", "PutItem"] },
  "http/put-me": { users: ["GetItem", "PutItem", "UpdateItem"], connections: ["Query", "DeleteItem"] },
  "http/put-avatar": {
    users: ["GetItem", "PutItem", "UpdateItem"],
    avatars: ["PutItem"],
    connections: ["Query", "DeleteItem"],
  },
  "http/delete-avatar": {
    users: ["GetItem", "PutItem", "UpdateItem"],
    avatars: ["DeleteItem"],
    connections: ["Query", "DeleteItem"],
  },
  "http/get-user": { users: ["GetItem"] },
  "http/get-avatar": { avatars: ["GetItem"] },
  "http/close-connections": { connections: ["Query", "DeleteItem"] },
} as const satisfies Record<string, Partial<Record<TableName, Action[]>>>;

/** Which function may do what to the open connections of the WebSocket API: `POST` a frame, or `DELETE` one. */
export const MANAGES = {
  "websocket/connect": "DELETE",
  "websocket/typing": "POST",
  "http/post-message": "POST",
  "http/mark-read": "POST",
  "http/put-me": "POST",
  "http/put-avatar": "POST",
  "http/delete-avatar": "POST",
  "http/close-connections": "DELETE",
} as const satisfies Partial<Record<keyof typeof ACCESS, "POST" | "DELETE">>;

export type FunctionName = keyof typeof ACCESS;
const FUNCTION_NAMES = Object.keys(ACCESS) as FunctionName[];

/** Sync's cursor leans on it (CURSOR_OVERLAP_MS in functions/domain/sync.ts); the gateways give up after 29 s. */
export const TIMEOUT = Duration.seconds(20);

export interface FunctionsProps {
  tables: Tables;
  identity: Identity;
  limits: SenderLimits;
  /** `strip` takes markup out of texts; `keep` stores them as typed. */
  markup: "strip" | "keep";
  logs: LogKeeping;
  /** Whether X-Ray traces them. */
  tracing: boolean;
  /** By which logs and metrics are told from those of another Duet in the same account. */
  service: string;
}

/** The functions, each with a role of its own that allows what `ACCESS` says and nothing else. */
export class Functions extends Construct {
  readonly #functions: ReadonlyMap<FunctionName, LambdaFunction>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const bundles = mkdtempSync(join(tmpdir(), "duet-bundles-"));
    // Another provider decides by itself who may sign up.
    const names = FUNCTION_NAMES.filter((name) => name !== "identity/pre-sign-up" || props.identity.hasUserPool);
    bundleFunctions(names, bundles);
    this.#functions = new Map(names.map((name) => [name, this.#create(name, join(bundles, name), props)] as const));
    // CDK has its own copy of each as soon as the asset is made.
    rmSync(bundles, { recursive: true });
  }

  /** All that there are, by name. */
  entries(): Iterable<[FunctionName, LambdaFunction]> {
    return this.#functions;
  }

  get(name: FunctionName): LambdaFunction {
    const found = this.#functions.get(name);
    if (found === undefined) throw new Error(`There is no function ${name}`);
    return found;
  }

  /** What the function's role allows. */
  policyOf(name: FunctionName): IConstruct {
    const { role } = this.get(name);
    if (role === undefined) throw new Error(`The function ${name} has no role`);
    return role.node.findChild("DefaultPolicy");
  }

  #create(name: FunctionName, bundle: string, props: FunctionsProps) {
    const { tables, identity, limits, markup, logs, service, tracing } = props;
    // Not `Default` alone, which CDK leaves out of names.
    const id = `${pascalCase(basename(name))}Function`;
    const access: Partial<Record<TableName, readonly Action[]>> = ACCESS[name];
    const logGroup = new LogGroup(this, `${id}Logs`, logs);
    const role = new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    const created = new LambdaFunction(this, id, {
      role,
      logGroup,
      code: Code.fromAsset(bundle),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: TIMEOUT,
      loggingFormat: LoggingFormat.JSON,
      // A START and a REPORT for each invocation would cost more than the function's own lines, and say what the
      // metrics say.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      environment: {
        POWERTOOLS_SERVICE_NAME: service,
        ...(name.startsWith("http/") || name === "websocket/authorize"
          ? { USERNAME_CLAIM: identity.usernameClaim }
          : {}),
        ...(name === "websocket/authorize" ? { ISSUER: identity.issuer, AUDIENCE: identity.audience } : {}),
        ...(name === "http/post-message"
          ? {
              MARKUP: markup,
              MESSAGES_PER_BURST: String(limits.messagesPerBurst ?? "none"),
              NEW_PEERS_PER_HOUR: String(limits.newPeersPerHour ?? "none"),
              ...unlimitedSenders(limits),
            }
          : {}),
      },
    });
    if (tracing)
      acceptFinding(role.node.findChild("DefaultPolicy"), {
        id: "AwsSolutions-IAM5",
        appliesTo: "Resource::*",
        reason: "X-Ray knows no resource for writing traces: its two actions, and no other of this role, are on all.",
      });
    for (const [table, actions] of Object.entries(access) as [TableName, readonly Action[]][]) {
      created.addEnvironment(`${table.toUpperCase()}_TABLE`, tables[table].tableName);
      created.addToRolePolicy(
        new PolicyStatement({
          actions: actions.map((action) => `dynamodb:${action}`),
          resources: [tables[table].tableArn],
        }),
      );
    }
    return created;
  }
}

/** Bytes of all their names. Source: Lambda quotas, "Environment variables: 4 KB, for all". */
const UNLIMITED_BYTES_MAX = 2048;

function unlimitedSenders({ unlimited = [] }: SenderLimits): Record<string, string> {
  const names = unlimited.map(parseUsername).join(",");
  const bytes = Buffer.byteLength(names);
  if (bytes > UNLIMITED_BYTES_MAX)
    throw new Error(`The names of unlimited senders take at most ${UNLIMITED_BYTES_MAX} bytes; these take ${bytes}`);
  return names === "" ? {} : { UNLIMITED_SENDERS: names };
}

function pascalCase(kebabCase: string): string {
  return kebabCase.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
