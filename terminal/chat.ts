#!/usr/bin/env -S node --import tsx
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { WebSocket } from "ws";
import { createClient, type GetToken } from "../client/index.ts";
import { fileStorage } from "../client/node.ts";
import { requestTokens } from "../local/identity/request-tokens.ts";
import { converse } from "./converse.ts";
import { script } from "./script.ts";

const HELP = `npm run chat -- NAME [options]     (or: npx duet NAME [options])

A terminal client: signs NAME in to the local system, lists conversations, talks.

  --to PEER             begin with this conversation
  --json                for scripts: an event a line on standard output, a command a line on standard input
  --url URL             where Duet is. Default http://localhost:3000; also PORT=N
  --token-command CMD   prints an access token of NAME; it is asked again when that ends. Default: the local system's
  --state DIR           where messages on their way, and what was read, are kept. Default .duet/chat
  --help

Commands of --json, each a line on standard input:
  {"action":"send","peer":"bob","text":"hi"}   answered by "sent" or "failed"; "tag" comes back, if given
  {"action":"read","peer":"bob"}               all of bob's messages are read
  {"action":"typing","peer":"bob"}
  {"action":"list"}                            answered by "conversations"
  {"action":"quit"}                            ends when what was sent has been answered

Events: status, message (each once and in order, also those that were missed), typing, read, conversations, sent,
failed, error.
`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: "string" },
      json: { type: "boolean", default: false },
      url: { type: "string", default: `http://localhost:${process.env.PORT || "3000"}` },
      "token-command": { type: "string" },
      state: { type: "string", default: ".duet/chat" },
      help: { type: "boolean", default: false },
    },
  });
  const [username, ...more] = positionals;
  if (values.help) process.stdout.write(HELP);
  else if (username === undefined || more.length > 0)
    throw new Error(`One name signs in; got ${positionals.length}. See --help`);
  else {
    const client = createClient({
      url: values.url,
      username: username.normalize("NFC"),
      token: tokenFrom({ username, url: values.url, command: values["token-command"] }),
      storage: fileStorage({ directory: values.state }),
      WebSocket,
    });
    const run = values.json ? script : converse;
    await run(client, { username, to: values.to, input: process.stdin, output: process.stdout });
    await client.close();
    process.exit(0);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function tokenFrom(options: { username: string; url: string; command: string | undefined }): GetToken {
  const { username, url, command } = options;
  if (command === undefined) return async () => (await requestTokens({ baseUrl: url, usernames: [username] }))[0];
  return async () => (await promisify(execFile)("/bin/sh", ["-c", command])).stdout.trim();
}
