import { computed, signal } from "@preact/signals";

const path = signal(location.pathname);
addEventListener("popstate", readLocation);

/** For whoever has changed the address without `navigate`. */
export function readLocation(): void {
  path.value = location.pathname;
}

/** The username of `/c/USERNAME`, which is the conversation that is shown; undefined: the list alone. */
export const peer = computed(() => {
  const [, encoded] = /^\/c\/([^/]+)\/?$/.exec(path.value) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded).normalize("NFC");
  } catch {
    return undefined;
  }
});

export function pathOf(username: string): string {
  return `/c/${encodeURIComponent(username)}`;
}

/** Shows a conversation, or with nothing the list. The browser's own way back leads back. */
export function navigate(to: string | undefined): void {
  const next = to === undefined ? "/" : pathOf(to);
  if (next !== location.pathname) history.pushState(null, "", next);
  path.value = next;
}

/** For links: the browser is left what it does with them itself, as a new tab with Ctrl. */
export function follow(event: MouseEvent, to: string | undefined): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(to);
}
