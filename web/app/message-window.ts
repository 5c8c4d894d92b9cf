/** So many messages are shown at first, and added at an end of the window that is nearly reached. */
export const PAGE = 60;
/** More than these are never in the page at once, so that it stays fast with any number of messages. */
export const WINDOW_MAX = 300;

/**
 * Which messages are in the page: the first by its key, and the last, or with nothing all to the newest. Keys stay when
 * earlier messages are put before them and new ones after.
 */
export interface MessageWindow {
  readonly first: string | undefined;
  readonly last: string | undefined;
}

/** The newest messages, and those that will come. */
export const NEWEST: MessageWindow = { first: undefined, last: undefined };

interface Keyed {
  readonly key: string;
}

/**
 * Where the window lies: from `start` to before `end`. What it names and is not there any more counts as not named.
 * A window whose beginning is named never moves by itself: whoever reads there keeps what is read.
 */
export function bounds(messages: readonly Keyed[], { first, last }: MessageWindow): { start: number; end: number } {
  const lastIndex = last === undefined ? -1 : messages.findLastIndex(({ key }) => key === last);
  const end = lastIndex < 0 ? messages.length : lastIndex + 1;
  const firstIndex = first === undefined ? -1 : messages.findIndex(({ key }) => key === first);
  const start = firstIndex < 0 || firstIndex >= end ? Math.max(0, end - PAGE) : firstIndex;
  return { start, end: Math.min(end, start + WINDOW_MAX) };
}

/** The window with a page more at its beginning; what is then too much at its end leaves. */
export function earlier(messages: readonly Keyed[], window: MessageWindow): MessageWindow {
  const { start, end } = bounds(messages, window);
  const nextStart = Math.max(0, start - PAGE);
  const nextEnd = Math.min(end, nextStart + WINDOW_MAX);
  return name(messages, nextStart, nextEnd);
}

/** The window with a page more at its end; what is then too much at its beginning leaves. */
export function later(messages: readonly Keyed[], window: MessageWindow): MessageWindow {
  const { start, end } = bounds(messages, window);
  const nextEnd = Math.min(messages.length, end + PAGE);
  return name(messages, Math.max(start, nextEnd - WINDOW_MAX), nextEnd);
}

function name(messages: readonly Keyed[], start: number, end: number): MessageWindow {
  return { first: messages[start]?.key, last: end === messages.length ? undefined : messages[end - 1]?.key };
}
