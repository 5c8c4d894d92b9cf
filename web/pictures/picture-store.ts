import type { GetToken } from "../../client/index.ts";

/** So many pictures are kept; those that were wanted longest ago leave. */
const PICTURES_MAX = 200;
/** At once, so that what is written and read goes first. */
const LOADS_MAX = 4;
/** A picture that has not come by then has failed. */
const LOAD_MS_MAX = 20_000;
/** After a failure a picture is not asked for again before. */
const RETRY_MS_MIN = 30_000;
const TYPES = ["image/png", "image/jpeg", "image/webp"];

/** The pictures of users. They are for signed-in users alone, and so cannot be loaded by their address. */
export interface Pictures {
  /** What to show for a path as profiles have it; nothing until it is loaded, which begins when it is first wanted. */
  get(path: string): string | undefined;
  onChange(listener: () => void): void;
  close(): void;
}

type Entry = { url: string } | { failedAtMs: number } | "waiting";

export function createPictures(options: { token: GetToken; fetch?: typeof fetch }): Pictures {
  const { token, fetch: get = globalThis.fetch.bind(globalThis) } = options;
  /** In the order in which they were last wanted. */
  const entries = new Map<string, Entry>();
  const waiting: string[] = [];
  let loads = 0;
  let changed = () => {};
  let isClosed = false;

  const want = (path: string) => {
    entries.set(path, "waiting");
    waiting.push(path);
    // Those wanted first have left the screen since.
    if (waiting.length > PICTURES_MAX) entries.delete(waiting.shift() ?? "");
    loadNext();
  };
  const loadNext = () => {
    const path = loads < LOADS_MAX ? waiting.shift() : undefined;
    if (path === undefined) return;
    loads++;
    load(path)
      .then((url): Entry => ({ url }))
      .catch((): Entry => ({ failedAtMs: Date.now() }))
      .then((entry) => {
        loads--;
        if (isClosed) release(entry);
        else settle(path, entry);
        loadNext();
      });
  };
  const ask = async (path: string, refused?: string) => {
    const accessToken = await token({ refused });
    if (!accessToken) throw new Error("Nobody is signed in.");
    const signal = AbortSignal.timeout(LOAD_MS_MAX);
    const response = await get(path, { headers: { authorization: `Bearer ${accessToken}` }, signal });
    return { response, accessToken };
  };
  const load = async (path: string): Promise<string> => {
    const first = await ask(path);
    const { response } = first.response.status === 401 ? await ask(path, first.accessToken) : first;
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok || !TYPES.includes(type)) throw new Error(`${path} was answered ${response.status} with ${type}.`);
    return URL.createObjectURL(await response.blob());
  };
  const settle = (path: string, entry: Entry) => {
    entries.set(path, entry);
    const settled = [...entries].filter(([, each]) => each !== "waiting");
    for (const [oldest, old] of settled.slice(0, Math.max(0, settled.length - PICTURES_MAX))) {
      entries.delete(oldest);
      release(old);
    }
    changed();
  };

  return {
    get(path) {
      const entry = entries.get(path);
      const isDue =
        entry === undefined ||
        (typeof entry === "object" && "failedAtMs" in entry && Date.now() - entry.failedAtMs > RETRY_MS_MIN);
      if (isDue) want(path);
      if (typeof entry !== "object" || !("url" in entry)) return undefined;
      entries.delete(path);
      entries.set(path, entry);
      return entry.url;
    },
    onChange(listener) {
      changed = listener;
    },
    close() {
      isClosed = true;
      waiting.length = 0;
      for (const entry of entries.values()) release(entry);
      entries.clear();
    },
  };
}

function release(entry: Entry): void {
  if (typeof entry === "object" && "url" in entry) URL.revokeObjectURL(entry.url);
}
