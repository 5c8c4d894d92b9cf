import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isAttended } from "../app/attention.ts";
import type { OpenConversation } from "../app/chat.ts";
import { type MessageItem, messageItems } from "../app/message-items.ts";
import { bounds, earlier, later, NEWEST, PAGE } from "../app/message-window.ts";
import { explain, locale, t } from "../language/language.ts";
import { dayName } from "../text/times.ts";
import { useChat } from "./chat-context.ts";
import { DownIcon } from "./icons.tsx";
import { MessageRow } from "./message-row.tsx";

/** Whoever is this close to the end is at the end, and follows it. CSS px. */
const AT_END_PX_MAX = 15;
/** More is shown, or loaded, when its edge is this close. */
const NEAR_EDGE_PX = 800;

/**
 * The messages of a conversation. At the end it follows what comes; anywhere else what is read stays where it is,
 * whatever comes before or after it. The browser's own anchoring fails at the very top, and Safari has none.
 */
export function MessageLog({ open, goToLatest }: { open: OpenConversation; goToLatest: { current: () => void } }) {
  const { username, me } = useChat();
  const { conversation } = open;
  const messages = open.messages.value;
  const scroller = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState(NEWEST);
  const isAtEnd = useSignal(true);
  const newFromSeq = useReading(open, isAtEnd);
  const { start, end } = bounds(messages, window);
  const items = messageItems(messages.slice(start, end), newFromSeq);
  const earlierPage = useEarlier(open);

  /** Where it stood when that was last heard of: whoever has scrolled up since is told of with the next frame. */
  const seenTopPx = useRef(0);
  const toEnd = () => {
    const element = scroller.current;
    if (element === null) return;
    element.scrollTop = element.scrollHeight;
    seenTopPx.current = element.scrollTop;
  };

  // The page is as it was until this has been rendered.
  const before = scroller.current;
  const follows =
    isAtEnd.peek() && (before === null || before.scrollTop >= seenTopPx.current || belowPxOf(before) <= AT_END_PX_MAX);
  const anchor = follows ? undefined : findAnchor(before);
  useLayoutEffect(() => {
    if (follows) toEnd();
    else restore(scroller.current, anchor);
  });

  goToLatest.current = () => {
    isAtEnd.value = true;
    setWindow(NEWEST);
    toEnd();
  };

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    seenTopPx.current = element.scrollTop;
    const belowPx = belowPxOf(element);
    isAtEnd.value = belowPx <= AT_END_PX_MAX && end === messages.length;
    if (isAtEnd.peek() && end - start > 2 * PAGE) setWindow(NEWEST);
    else if (element.scrollTop < NEAR_EDGE_PX && start > 0) setWindow(earlier(messages, window));
    else if (element.scrollTop < NEAR_EDGE_PX) earlierPage.load();
    if (!isAtEnd.peek() && belowPx < NEAR_EDGE_PX && end < messages.length) setWindow(later(messages, window));
  };

  // A short conversation has nothing to scroll, and more may fit.
  useEffect(onScroll, [messages.length, start, end]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      if (isAtEnd.peek()) toEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const name = open.profile.value.displayName;
  const unreadBelow = useComputed(() => (isAtEnd.value ? 0 : open.unread.value));
  return (
    <div class="log-frame">
      <div
        class="log"
        ref={scroller}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={t.value.messagesWith(name)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
        tabIndex={0}
      >
        {open.isLoaded.value && (
          <Beginning
            open={open}
            isHere={start === 0}
            isEmpty={messages.length === 0}
            error={earlierPage.error}
            onRetry={earlierPage.retry}
          />
        )}
        {!open.isLoaded.value && messages.length === 0 && <Loading open={open} />}
        <ol>
          {items.map((item) =>
            item.type === "message" ? (
              <MessageRow
                key={item.key}
                message={item.message}
                conversation={conversation}
                isOwn={item.message.sender === username}
                profile={item.message.sender === username ? me.value : open.profile.value}
                isFirst={item.isFirst}
                isLast={item.isLast}
              />
            ) : (
              <Separator key={item.key} item={item} />
            ),
          )}
        </ol>
      </div>
      {!isAtEnd.value && (
        <button type="button" class="to-latest" onClick={() => goToLatest.current()} aria-label={t.value.jumpToLatest}>
          <DownIcon />
          {unreadBelow.value > 0 && (
            <span class="dot">
              {unreadBelow.value}
              <span class="hidden"> {t.value.unread(unreadBelow.value)}</span>
            </span>
          )}
        </button>
      )}
    </div>
  );
}

function Separator({ item }: { item: Exclude<MessageItem, { type: "message" }> }) {
  const words = t.value;
  return (
    <li class={`separator ${item.type}`} data-key={item.key}>
      <span>{item.type === "new" ? words.newMessages : dayName(locale.value, item.createdAt, words)}</span>
    </li>
  );
}

function Loading({ open }: { open: OpenConversation }) {
  const error = open.error.value;
  if (error !== undefined)
    return (
      <p class="notice" role="alert">
        {explain(error)}
      </p>
    );
  return (
    <div class="skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

/** What stands above the first row, always as high: at the very top there is nothing to scroll back to make up for it. */
function Beginning(props: {
  open: OpenConversation;
  /** Whether the first of the messages that are loaded is in the page. */
  isHere: boolean;
  isEmpty: boolean;
  error: unknown;
  onRetry: () => void;
}) {
  const { open, isHere, isEmpty, error, onRetry } = props;
  if (isEmpty) return <p class="notice">{t.value.noMessages(open.profile.value.displayName)}</p>;
  if (isHere && !open.hasEarlier.value) return <p class="beginning">{t.value.beginning}</p>;
  if (error === undefined) return <p class="beginning">{t.value.loadingEarlier}</p>;
  return (
    <p class="beginning" role="alert">
      {t.value.earlierFailed}{" "}
      <button type="button" onClick={onRetry}>
        {t.value.tryAgain}
      </button>
    </p>
  );
}

/** Loads earlier messages, once at a time. After an error it waits until the user asks again. */
function useEarlier(open: OpenConversation) {
  const error = useSignal<unknown>(undefined);
  const isLoading = useRef(false);
  const retry = () => {
    if (isLoading.current || !open.hasEarlier.peek()) return;
    isLoading.current = true;
    error.value = undefined;
    open.conversation
      .loadEarlier()
      .catch((failure: unknown) => {
        error.value = failure;
      })
      .finally(() => {
        isLoading.current = false;
      });
  };
  const load = () => {
    if (error.peek() === undefined) retry();
  };
  return { load, retry, error: error.value };
}

/**
 * Marks as read what can be seen: the end of the log, by somebody who is there. Answers where the new messages begin:
 * those that were unread when the conversation was opened, or that came while nobody looked at their place.
 */
function useReading(open: OpenConversation, isAtEnd: Signal<boolean>): number | undefined {
  const { rows } = useChat();
  const newFromSeq = useSignal<number | undefined>(undefined);
  const isOpening = useRef(true);
  useSignalEffect(() => {
    const isSeen = isAttended.value && isAtEnd.value;
    if (!open.isLoaded.value) return;
    if (open.unread.value > 0) {
      const readSeq = rows.peek().find(({ peer }) => peer === open.peer)?.readSeq ?? 0;
      if (isOpening.current || !isAttended.value) newFromSeq.value = readSeq + 1;
      else if (!isSeen) newFromSeq.value ??= readSeq + 1;
      if (isSeen) open.conversation.markRead();
    }
    isOpening.current = false;
  });
  return newFromSeq.value;
}

function belowPxOf({ scrollHeight, clientHeight, scrollTop }: HTMLElement): number {
  return scrollHeight - clientHeight - scrollTop;
}

interface Anchor {
  key: string;
  topPx: number;
}

/** The first row that can be seen, and where it is. */
function findAnchor(scroller: HTMLElement | null): Anchor | undefined {
  const rows = scroller?.querySelectorAll<HTMLElement>("li.message") ?? [];
  const edgePx = scroller?.scrollTop ?? 0;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && row.offsetTop + row.offsetHeight <= edgePx) low = middle + 1;
    else high = middle;
  }
  const row = rows[low];
  return row === undefined ? undefined : { key: row.dataset.key ?? "", topPx: row.offsetTop - edgePx };
}

function restore(scroller: HTMLElement | null, anchor: Anchor | undefined): void {
  if (scroller === null || anchor === undefined) return;
  const row = scroller.querySelector<HTMLElement>(`li[data-key="${CSS.escape(anchor.key)}"]`);
  if (row === null) return;
  const driftPx = row.offsetTop - anchor.topPx - scroller.scrollTop;
  if (driftPx !== 0) scroller.scrollTop += driftPx;
}
