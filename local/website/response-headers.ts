import type { ResponseHeadersModel } from "../model.ts";

/** What is removed is removed from the origin's, so that a header can be both removed and set. */
export function applyResponseHeaders(headers: Headers, { set, remove }: ResponseHeadersModel): void {
  for (const name of remove) headers.delete(name);
  for (const { name, value, override } of set) if (override || !headers.has(name)) headers.set(name, value);
}
