import { t } from "../language/language.ts";
import { isAttended } from "./attention.ts";
import type { Chat } from "./chat.ts";
import { notificationText, notifies } from "./preferences.ts";
import { navigate, peer } from "./route.ts";

/** A tab that shows the conversation marks it read at once; this is how long the notifying tab waits for that. */
const READ_ELSEWHERE_MS = 400;

/** Asks the browser, if it has not been asked before. Call it in answer to a click. */
export async function allowNotifications(): Promise<boolean> {
  if (!("Notification" in globalThis)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/**
 * Notifies of new messages, unless the user is looking at them, in this tab or another. One tab of a user does it: the
 * one that holds the lock.
 */
export function notifyOfMessages(chat: Chat): () => void {
  const ended = new AbortController();
  const whenIsMine = async () => {
    const known = new Map(chat.rows.peek().map((row) => [row.peer, row.lastSeq]));
    const stop = chat.client.on("rows", (rows) => {
      for (const { peer: from, lastSeq, last, unread } of rows) {
        const isNew = lastSeq > (known.get(from) ?? 0);
        known.set(from, lastSeq);
        if (isNew && unread > 0 && last?.sender === from && chat.isListed.peek()) later(from);
      }
    });
    await new Promise((resolve) => ended.signal.addEventListener("abort", resolve));
    stop();
  };
  const later = (from: string) => {
    if (notifies.peek() === "off" || (isAttended.peek() && peer.peek() === from)) return;
    setTimeout(() => {
      const row = chat.client.conversations.find((each) => each.peer === from);
      if (row !== undefined && row.unread > 0 && !ended.signal.aborted) notify(row);
    }, READ_ELSEWHERE_MS);
  };
  const { locks } = navigator;
  if (locks === undefined) void whenIsMine();
  else locks.request(`duet notifies ${chat.username}`, { signal: ended.signal }, whenIsMine).catch(() => undefined);
  return () => ended.abort();
}

function notify({ peer: from, profile, last }: Chat["rows"]["value"][number]): void {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const name = profile?.displayName ?? from;
  const notification =
    notificationText.peek() === "on"
      ? new Notification(name, { body: last?.preview ?? "", tag: `duet ${from}` })
      : new Notification(t.peek().newMessageFrom(name), { tag: `duet ${from}` });
  notification.onclick = () => {
    window.focus();
    navigate(from);
    notification.close();
  };
}
