/** What a session needs of the browser. */
export interface SessionWorld {
  fetch: typeof fetch;
  /** Where the page is. */
  url(): URL;
  /** Shows another address for the page that is there. */
  replaceUrl(path: string): void;
  /** Leaves for another page. */
  leave(url: string): void;
  /** Lives as long as the tab. */
  tab: Store;
  /** Is shared by all tabs, and stays. */
  device: Store;
  /** To the other tabs of this origin. */
  channel: Channel;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface Channel {
  postMessage(message: string): void;
  onmessage: ((event: MessageEvent<string>) => void) | null;
}

export function browserWorld(): SessionWorld {
  return {
    fetch: globalThis.fetch.bind(globalThis),
    url: () => new URL(location.href),
    replaceUrl: (path) => history.replaceState(null, "", path),
    leave: (url) => location.assign(url),
    tab: sessionStorage,
    device: localStorage,
    channel: new BroadcastChannel("duet-session"),
  };
}
