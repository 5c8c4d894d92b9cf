import type { Message } from "../functions/protocol/wire.ts";
import type { Api } from "./api.ts";
import { DuetError } from "./duet-error.ts";
import { isMessage } from "./server-frame.ts";
import type { WantedPage } from "./timeline.ts";

/** A page of the log, in rising `seq`. Rejects with a `DuetError`; `no_answer` for what is no page. */
export async function fetchPage(
  api: Api,
  { peer, page, limit }: { peer: string; page: WantedPage; limit: number | undefined },
): Promise<Message[]> {
  const query = [
    ...("before" in page ? [`before=${page.before}`] : []),
    ...("after" in page ? [`after=${page.after}`] : []),
    ...(limit === undefined ? [] : [`limit=${limit}`]),
  ].join("&");
  const { messages } = await api.ask<{ messages: unknown }>("GET", `${messagesPath(peer)}?${query}`);
  if (Array.isArray(messages) && messages.every(isMessage)) return messages;
  throw new DuetError("no_answer", "The answer has no messages.");
}

export function messagesPath(peer: string): string {
  return `conversations/${encodeURIComponent(peer)}/messages`;
}
