import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { OpenConversation } from "../app/chat.ts";
import { t } from "../language/language.ts";
import { useChat } from "./chat-context.ts";

/**
 * Tells a screen reader what comes while a conversation is open, and nothing of what was there or is loaded later: the
 * log itself would be read again from its beginning by some.
 */
export function Announcer({ open }: { open: OpenConversation }) {
  const { username } = useChat();
  const said = useSignal("");
  const lastSeq = useRef<number | undefined>(undefined);
  const failed = useRef(0);
  useSignalEffect(() => {
    if (!open.isLoaded.value) return;
    const messages = open.messages.value;
    const newest = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
    const name = open.profile.peek().displayName;
    const before = lastSeq.current;
    lastSeq.current = newest;
    const came: string[] = [];
    // From the end: what is new is there, however long the log is.
    for (let index = messages.length - 1; index >= 0 && before !== undefined; index--) {
      const message = messages[index];
      if (message?.seq !== undefined && message.seq <= before) break;
      if (message?.seq !== undefined && message.sender !== username) came.unshift(t.peek().said(name, message.text));
    }
    const failedNow = messages.filter(({ state }) => state === "failed").length;
    if (failedNow > failed.current) came.push(t.peek().failedAnnouncement);
    failed.current = failedNow;
    if (came.length > 0) said.value = came.join("\n");
  });
  return (
    <div class="hidden" role="status" aria-live="polite" data-announcer>
      {said.value}
    </div>
  );
}
