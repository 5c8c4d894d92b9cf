import { createInterface } from "node:readline";
import * as v from "valibot";
import { type Client, type Conversation, type ConversationRow, DuetError } from "../client/index.ts";
import type { TerminalOptions } from "./converse.ts";

const peer = v.string();
const Command = v.variant("action", [
  v.object({ action: v.literal("send"), peer, text: v.string(), tag: v.optional(v.unknown()) }),
  v.object({ action: v.literal("read"), peer }),
  v.object({ action: v.literal("typing"), peer }),
  v.object({ action: v.literal("list") }),
  v.object({ action: v.literal("quit") }),
]);

/** Speaks JSON, one object a line. Resolves with `quit`, when what was sent has been answered; the input's end ends nothing. */
export async function script(client: Client, { username, input, output }: TerminalOptions): Promise<void> {
  const tell = (type: string, event: object) => output.write(`${JSON.stringify({ type, ...event })}\n`);
  const fail = (error: unknown, more: object = {}) =>
    tell("error", {
      ...more,
      code: error instanceof DuetError ? error.code : "invalid_command",
      detail: messageOf(error),
    });
  const underWay = new Set<Promise<void>>();

  client.on("status", (status) => tell("status", { status }));
  client.on("typing", (typing) => tell("typing", typing));
  client.on("error", (error) => fail(error));
  const peersRead = new Map<string, number>();
  client.on("rows", (rows) => {
    for (const { peer, peerReadSeq } of rows)
      if (peerReadSeq > (peersRead.get(peer) ?? 0)) {
        peersRead.set(peer, peerReadSeq);
        tell("read", { peer, seq: peerReadSeq });
      }
  });
  const deliver = async () => {
    for await (const message of client.messages({ own: true })) tell("message", message);
  };

  const send = async (conversation: Conversation, { text, tag }: { text: string; tag?: unknown }) => {
    const mark = tag === undefined ? {} : { tag };
    try {
      const { id, seq, createdAt } = await conversation.send(text);
      tell("sent", { peer: conversation.peer, id, seq, createdAt, ...mark });
    } catch (error) {
      const { code, message } = error as DuetError;
      tell("failed", { peer: conversation.peer, text, code, detail: message, ...mark });
    }
  };
  let quit = () => {};
  const ended = new Promise<void>((resolve) => {
    quit = resolve;
  });
  const take = (line: string) => {
    const command = v.parse(Command, JSON.parse(line));
    switch (command.action) {
      case "send": {
        const sending = send(client.conversation(command.peer), command);
        underWay.add(sending);
        void sending.then(() => underWay.delete(sending));
        return;
      }
      case "read":
        return markAllRead(client.conversation(command.peer));
      case "typing":
        return client.conversation(command.peer).typing();
      case "list":
        return void tell("conversations", { username, conversations: client.conversations.map(rowOf) });
      case "quit":
        return void Promise.all(underWay).then(quit);
    }
  };
  createInterface({ input }).on("line", (line) => {
    if (line.trim() === "") return;
    try {
      take(line);
    } catch (error) {
      fail(error, { line });
    }
  });
  void deliver();
  await ended;
}

/** At once if it is loaded, else as soon as it is. */
function markAllRead(conversation: Conversation): void {
  const markIfLoaded = () => {
    if (!conversation.isLoaded) return;
    stop();
    conversation.markRead();
  };
  const stop = conversation.on("change", markIfLoaded);
  markIfLoaded();
}

function rowOf({ peer, lastSeq, unread, readSeq, peerReadSeq, blocked, last }: ConversationRow) {
  return { peer, lastSeq, unread, readSeq, peerReadSeq, blocked, last };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
