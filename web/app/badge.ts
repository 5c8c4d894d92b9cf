import { effect } from "@preact/signals";
import type { Chat } from "./chat.ts";

/** Shows how much is unread where the page itself is not seen: in its title, its icon, and on the installed app. */
export function showBadge(chat: Chat): () => void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const stop = effect(() => {
    const unread = chat.unread.value;
    document.title = unread > 0 ? `(${unread}) Duet` : "Duet";
    if (icon !== null) icon.href = unread > 0 ? "/favicon-unread.svg" : "/favicon.svg";
    // Browsers that have it allow it to installed apps alone.
    if ("setAppBadge" in navigator) navigator.setAppBadge(unread).catch(() => undefined);
  });
  return () => {
    stop();
    document.title = "Duet";
    if (icon !== null) icon.href = "/favicon.svg";
  };
}
