import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { ChatMessage, Client, Conversation } from "../client/index.ts";

const COMMANDS = `  /to NAME      talk to somebody       /list      all conversations
  /earlier      what was before        /who NAME  somebody's profile
  /block        take nothing of them   /unblock   take it again
  /name NAME    the name that I show   /quit
  Anything else is sent. ✓ stored, ✓✓ read.
`;

/** What is shown of a conversation when it is begun. */
const SHOWN_FIRST = 20;

export interface TerminalOptions {
  username: string;
  /** The peer to begin with. */
  to: string | undefined;
  input: Readable;
  output: Writable;
}

/** Lets a person talk, line by line. Resolves at the end of the input or with /quit. */
export async function converse(client: Client, { username, to, input, output }: TerminalOptions): Promise<void> {
  const lines = createInterface({ input, output, terminal: "isTTY" in output && output.isTTY === true });
  /** Above the line that is being typed, where there is a terminal. */
  const print = (text: string) => {
    output.write(lines.terminal ? `\r\u001b[K${text}\n` : `${text}\n`);
    if (lines.terminal) lines.prompt(true);
  };
  let shown: { conversation: Conversation; stop: () => void } | undefined;

  const show = (peer: string) => {
    shown?.stop();
    const conversation = client.conversation(peer);
    shown = { conversation, stop: follow(conversation, { username, print }) };
    lines.setPrompt(`${peer}> `);
    lines.prompt();
  };

  client.on("status", (status) => print(`(${status})`));
  client.on("error", ({ code, message }) => print(`(${code}: ${message})`));
  client.on("typing", ({ peer, isTyping }) => isTyping && print(`(${peer} is typing)`));
  const seen = new Map<string, number>();
  client.on("rows", (rows) => {
    for (const { peer, lastSeq, last, unread } of rows) {
      const isNew = lastSeq > (seen.get(peer) ?? 0);
      seen.set(peer, lastSeq);
      if (isNew && unread > 0 && peer !== shown?.conversation.peer && last?.sender === peer)
        print(`[${peer}] ${last.preview}   (${unread} unread; /to ${peer})`);
    }
  });

  const commands: Record<string, (argument: string) => Promise<void> | void> = {
    to: show,
    list() {
      for (const { peer, unread, last } of client.conversations)
        print(`  ${peer}${unread > 0 ? ` (${unread} unread)` : ""}: ${last?.preview ?? ""}`);
      if (client.conversations.length === 0) print("  nobody yet; /to NAME begins");
    },
    async earlier() {
      const before = shown?.conversation.messages[0]?.seq ?? 1;
      const more = await shown?.conversation.loadEarlier();
      for (const message of shown?.conversation.messages ?? [])
        if (message.seq !== undefined && message.seq < before) print(lineOf(message, username));
      print(more ? "  (/earlier for more)" : "  (this is the beginning)");
    },
    async who(name) {
      const { displayName, avatar } = await client.user(name);
      print(`  ${name}: ${displayName}${avatar === null ? "" : ", with a picture"}`);
    },
    block: async () => void (await shown?.conversation.block().then(() => print("  (blocked)"))),
    unblock: async () => void (await shown?.conversation.unblock().then(() => print("  (unblocked)"))),
    name: async (displayName) =>
      void (await client.setProfile({ displayName: displayName === "" ? null : displayName })),
    help: () => print(COMMANDS),
    quit: () => lines.close(),
  };

  print(`${username}; /help`);
  if (to !== undefined) show(to);
  lines.on("line", (line) => {
    const [, command, argument = ""] = /^\/(\w+)\s*(.*?)\s*$/s.exec(line) ?? [];
    const run = async () => {
      if (command !== undefined)
        await (commands[command] ?? (() => print(`There is no /${command}.\n${COMMANDS}`)))(argument);
      else if (line.trim() === "") lines.prompt();
      else if (shown === undefined) print("To whom? /to NAME");
      // What becomes of it is shown by `follow`.
      else
        await shown.conversation.send(line).then(undefined, (error) => print(`(not sent: ${String(error.message)})`));
    };
    run().catch((error: Error) => print(`(${error.message})`));
  });
  await once(lines, "close");
  shown?.stop();
}

/** Prints what comes and what becomes of what was sent; what is shown is read. */
function follow(
  conversation: Conversation,
  { username, print }: { username: string; print: (text: string) => void },
): () => void {
  let printedSeq: number | undefined;
  let readSeq = 0;
  let held: Conversation["held"];
  const look = () => {
    if (conversation.held !== undefined && conversation.held !== held) {
      const seconds = Math.ceil((conversation.held.untilMs - Date.now()) / 1000);
      print(`(${conversation.held.code}: what waits is sent in ${seconds} s)`);
    }
    held = conversation.held;
    if (!conversation.isLoaded) return;
    const stored = conversation.messages.filter(({ seq }) => seq !== undefined);
    const from = printedSeq ?? (stored.at(-SHOWN_FIRST)?.seq ?? 1) - 1;
    for (const message of stored) if ((message.seq ?? 0) > from) print(lineOf(message, username));
    printedSeq = stored.at(-1)?.seq ?? 0;
    const read = stored.findLast(({ state, sender }) => sender === username && state === "read")?.seq ?? 0;
    // What was printed as read already needs no further word.
    if (read > readSeq && read <= from) print(`  ✓✓ ${conversation.peer} has read up to ${read}`);
    readSeq = Math.max(readSeq, read);
    conversation.markRead();
  };
  look();
  const stopChanges = conversation.on("change", look);
  const stopErrors = conversation.on("error", ({ message }) => print(`(${message})`));
  return () => {
    stopChanges();
    stopErrors();
  };
}

function lineOf({ seq, sender, text, createdAt, state }: ChatMessage, username: string): string {
  const time = new Date(createdAt).toTimeString().slice(0, 5);
  const receipt = sender !== username ? "" : state === "read" ? " ✓✓" : " ✓";
  return `${String(seq).padStart(4)} ${time} ${sender}: ${text}${receipt}`;
}
