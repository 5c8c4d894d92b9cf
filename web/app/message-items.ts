import type { ChatMessage } from "../../client/index.ts";
import { dayKey } from "../text/times.ts";

/** Messages of one sender that follow each other this closely are shown as one group. */
const GROUP_MS_MAX = 5 * 60_000;

/** One line of the log of messages as it is shown. */
export type MessageItem =
  | { type: "day"; key: string; createdAt: string }
  | { type: "new"; key: string }
  | { type: "message"; key: string; message: ChatMessage; isFirst: boolean; isLast: boolean };

/** What is shown of these messages. `newFromSeq` is the first that was new when the conversation was opened. */
export function messageItems(messages: readonly ChatMessage[], newFromSeq: number | undefined): MessageItem[] {
  const items: MessageItem[] = [];
  let before: ChatMessage | undefined;
  let day = "";
  for (const message of messages) {
    const messageDay = dayKey(message.createdAt);
    if (messageDay !== day) items.push({ type: "day", key: `day ${messageDay}`, createdAt: message.createdAt });
    const isNew = message.seq !== undefined && message.seq === newFromSeq;
    if (isNew) items.push({ type: "new", key: "new" });
    const isFirst = messageDay !== day || isNew || before === undefined || !belongTogether(before, message);
    const last = items.at(-1);
    if (!isFirst && last?.type === "message") last.isLast = false;
    items.push({ type: "message", key: message.key, message, isFirst, isLast: true });
    before = message;
    day = messageDay;
  }
  return items;
}

function belongTogether(before: ChatMessage, message: ChatMessage): boolean {
  const apartMs = Date.parse(message.createdAt) - Date.parse(before.createdAt);
  return before.sender === message.sender && apartMs < GROUP_MS_MAX && before.state !== "failed";
}
