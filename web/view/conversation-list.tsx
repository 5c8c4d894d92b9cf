import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ConversationRow } from "../../client/index.ts";
import { follow, navigate, pathOf, peer as shownPeer } from "../app/route.ts";
import { explain, locale, t } from "../language/language.ts";
import { fullTime, shortTime } from "../text/times.ts";
import { Avatar } from "./avatar.tsx";
import { useChat } from "./chat-context.ts";

/** So many rows are in the page at first, and come when the last of them is nearly reached. */
const PAGE = 100;
const NEAR_END_PX = 800;

/** The conversations, the newest first; one field finds in them, and begins new ones. */
export function ConversationList() {
  const { rows, isListed, client, username } = useChat();
  const wanted = useSignal("");
  const problem = useSignal<string | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const query = wanted.value.trim().normalize("NFC");
  const found = useComputed(() => rows.value.filter((row) => matches(row, wanted.value.trim().normalize("NFC"))));
  const count = useSignal(PAGE);
  const shownAt = found.value.findIndex(({ peer }) => peer === shownPeer.value);
  const inPage = found.value.slice(0, Math.max(count.value, shownAt + 1));
  const isKnown = rows.value.some(({ peer }) => peer === query);

  const show = (peer: string) => {
    wanted.value = "";
    problem.value = undefined;
    navigate(peer);
  };
  const start = async () => {
    problem.value = undefined;
    const [only, ...others] = found.value;
    if (query === "") return;
    if (isKnown) show(query);
    else if (query === username) problem.value = t.value.yourself;
    else
      try {
        show((await client.user(query)).username);
      } catch (error) {
        // What is no username may still be the beginning of a name.
        if (only !== undefined && others.length === 0) show(only.peer);
        else problem.value = explain(error);
        field.current?.focus();
      }
  };

  return (
    <>
      <search>
        <form
          class="find"
          onSubmit={(event) => {
            event.preventDefault();
            void start();
          }}
        >
          <input
            ref={field}
            type="search"
            value={wanted.value}
            aria-label={t.value.searchOrStart}
            placeholder={t.value.searchOrStart}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            onInput={({ currentTarget }) => {
              wanted.value = currentTarget.value;
              problem.value = undefined;
            }}
          />
          {problem.value !== undefined && <p role="alert">{problem.value}</p>}
          {query !== "" && !isKnown && (
            <button type="submit" class="start">
              {t.value.startWith(query)}
            </button>
          )}
        </form>
      </search>
      {rows.value.length === 0 ? (
        isListed.value ? (
          <div class="notice">
            <p>{t.value.noConversations}</p>
            <p>{t.value.noConversationsLead}</p>
          </div>
        ) : (
          <div class="skeleton" aria-hidden="true">
            <span />
            <span />
            <span />
          </div>
        )
      ) : (
        <nav
          aria-label={t.value.conversations}
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) count.value = inPage.length + PAGE;
          }}
        >
          <ul class="rows">
            {inPage.map((row) => (
              <RowView key={row.peer} row={row} isShown={row.peer === shownPeer.value} />
            ))}
          </ul>
          {found.value.length === 0 && <p class="notice">{t.value.noMatch}</p>}
        </nav>
      )}
    </>
  );
}

function RowView({ row, isShown }: { row: ConversationRow; isShown: boolean }) {
  const { username, drafts } = useChat();
  const { peer, last, unread, profile = { username: peer, displayName: peer, avatar: null } } = row;
  const link = useRef<HTMLAnchorElement>(null);
  // What was opened by its address or by the keyboard may be far down.
  useEffect(() => {
    if (isShown) link.current?.scrollIntoView({ block: "nearest" });
  }, [isShown]);
  const draft = isShown ? "" : drafts.of(peer).value.trim();
  return (
    <li>
      <a
        ref={link}
        class={unread > 0 ? "row unread" : "row"}
        href={pathOf(peer)}
        aria-current={isShown ? "page" : undefined}
        onClick={(event) => follow(event, peer)}
      >
        <Avatar profile={profile} />
        <span class="name" dir="auto">
          {profile.displayName}
        </span>
        {last !== null && (
          <time dateTime={last.createdAt} title={fullTime(locale.value, last.createdAt)}>
            {shortTime(locale.value, last.createdAt, t.value)}
          </time>
        )}
        <span class="preview" dir="auto">
          {draft !== "" ? (
            <>
              <em>{t.value.draft}:</em> {draft}
            </>
          ) : (
            `${last?.sender === username ? `${t.value.you}: ` : ""}${last?.preview ?? ""}`
          )}
        </span>
        {unread > 0 && (
          <span class="dot">
            <span aria-hidden="true">{unread > 999 ? "999+" : unread}</span>
            <span class="hidden">{t.value.unread(unread)}</span>
          </span>
        )}
      </a>
    </li>
  );
}

function matches({ peer, profile, last }: ConversationRow, query: string): boolean {
  const needle = query.toLowerCase();
  return [peer, profile?.displayName, last?.preview].some((text) => text?.toLowerCase().includes(needle));
}
