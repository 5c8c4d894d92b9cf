import { type Signal, signal } from "@preact/signals";

const PREFIX = "duet.draft ";

/** What a user has written and not sent, for each conversation; kept on this device, and in step between its tabs. */
export interface Drafts {
  of(peer: string): Signal<string>;
  set(peer: string, text: string): void;
}

export function createDrafts(username: string): Drafts {
  const prefix = `${PREFIX}${username} `;
  const drafts = new Map<string, Signal<string>>();
  addEventListener("storage", ({ key, newValue }) => {
    if (key?.startsWith(prefix)) of(key.slice(prefix.length)).value = newValue ?? "";
  });

  function of(peer: string): Signal<string> {
    const draft = drafts.get(peer) ?? signal(localStorage.getItem(prefix + peer) ?? "");
    drafts.set(peer, draft);
    return draft;
  }

  return {
    of,
    set(peer, text) {
      of(peer).value = text;
      try {
        if (text === "") localStorage.removeItem(prefix + peer);
        else localStorage.setItem(prefix + peer, text);
      } catch {
        // No room: the draft lives as long as the page.
      }
    },
  };
}

/** Takes away what was written under every name: whoever signs out leaves nothing of it to the next. */
export function forgetDrafts(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
}
