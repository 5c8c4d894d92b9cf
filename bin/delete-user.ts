#!/usr/bin/env node
import { parseArgs } from "node:util";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { parseUsername } from "../functions/protocol/username.ts";
import { deleteUser, type UserTables } from "../functions/store/delete-user.ts";
import { createDocumentClient } from "../functions/store/dynamodb.ts";

const HELP = `npm run -s delete-user -- NAME --region REGION --stack STACK

Deletes a user, and empties the texts of all of their conversations. It cannot be undone.
Delete the user at the issuer first, and run this again when the last of their tokens has ended (an hour with Cognito).
It may be stopped at any moment; a repeat does what is left.

  NAME             the username
  --region REGION  where the stack is
  --stack STACK    the stack's name. Default Duet
  --endpoint URL   of a local DynamoDB
`;

const NOUNS = ["users", "avatars", "connections", "conversations", "messages"] as const;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      region: { type: "string" },
      stack: { type: "string", default: "Duet" },
      endpoint: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [name, ...more] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (name === undefined || more.length > 0 || values.region === undefined) throw new Error(HELP);
  else await run({ ...values, region: values.region, username: parseUsername(name) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(options: { username: string; region: string; stack: string; endpoint?: string | undefined }) {
  const { username, region, stack, endpoint } = options;
  const config = { region, ...(endpoint === undefined ? {} : { endpoint }) };
  const sdk = new DynamoDBClient(config);
  const tableNames = await findTables(sdk, stack);
  // Functions have theirs in the environment; an operator may have them in any of the places that the SDK looks in.
  const client = createDocumentClient({ ...config, credentials: sdk.config.credentials });
  const tables = Object.fromEntries(
    NOUNS.map((noun) => [noun, { client, tableName: tableNames[noun] }]),
  ) as unknown as UserTables;
  const tell = (progress: string) => process.stdout.write(`${progress}\n`);
  const { conversations, messages } = await deleteUser(tables, { username, nowMs: Date.now, tell });
  tell(`${username} is deleted: ${conversations} conversations left, ${messages} messages emptied.`);
  client.destroy();
}

/**
 * The stack's tables, by the names that CloudFormation gives them: stack, logical id, and what makes it unique.
 * Throws unless there is exactly one of each.
 */
async function findTables(client: DynamoDBClient, stack: string): Promise<Record<string, string>> {
  const names: string[] = [];
  let from: string | undefined;
  do {
    const page = await client.send(new ListTablesCommand({ ExclusiveStartTableName: from }));
    names.push(...(page.TableNames ?? []));
    from = page.LastEvaluatedTableName;
  } while (from !== undefined);
  client.destroy();
  const found = NOUNS.map((noun) => {
    const id = `Tables${noun[0]?.toUpperCase()}${noun.slice(1)}[0-9A-F]{8}`;
    // Locally a table has its logical id for a name.
    const matching = names.filter(
      (name) =>
        new RegExp(`^${id}$`).test(name) || (name.startsWith(`${stack}-`) && new RegExp(`${id}-\\w+$`).test(name)),
    );
    const [name, ...more] = matching;
    if (name !== undefined && more.length === 0) return [noun, name];
    throw new Error(`The stack ${stack} has to have one table ${noun} there; found ${matching.length}: ${matching}`);
  });
  return Object.fromEntries(found);
}
