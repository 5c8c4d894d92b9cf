import type { Profile } from "../functions/protocol/wire.ts";
import type { DuetError } from "./duet-error.ts";

/** A message as it is shown: stored, or on its way. The same object as before, where nothing of it has changed. */
export interface ChatMessage {
  /**
   * UUIDv7. It stays, from `send` on, unless the device's clock is more than 60 s ahead of the server's: then the server
   * refuses it, and another is made; `key` stays then too.
   */
  readonly id: string;
  /** For keyed lists: unique within the conversation, and the same for as long as this client lives. */
  readonly key: string;
  /** Its number in the conversation: 1, 2, 3 … without a gap; none while it is on its way. */
  readonly seq: number | undefined;
  readonly sender: string;
  readonly recipient: string;
  /** As stored: without markup, where the server takes it out. On its way: as typed. */
  readonly text: string;
  /** RFC 3339 UTC with milliseconds: when the server stored it; on its way: when it was made, by this device. */
  readonly createdAt: string;
  /**
   * - `sending`: on its way. It is tried again until it is stored or refused, also after a reload, if the storage lasts.
   * - `sent`: stored.
   * - `read`: its recipient has read it, on any device.
   * - `failed`: refused for good; `refusal` says why. It waits for `retry` or `discard`.
   */
  readonly state: "sending" | "sent" | "read" | "failed";
  /** `code` as in `DuetError`; `detail` is a sentence. */
  readonly refusal: { readonly code: string; readonly detail: string } | undefined;
}

/** The events of a conversation. */
export interface ConversationEvents {
  /** Anything of it may have changed. It comes once for all that changed in one turn. */
  change: undefined;
  /** Messages could not be fetched, and will not be until there is something new, as with a peer that does not exist. */
  error: DuetError;
}

/** The conversation with one other user, as this client knows it. It follows by itself what happens. */
export interface Conversation {
  /** The other user's name. */
  readonly peer: string;
  /**
   * In the order of the log and without a gap, from the first that was loaded to the last that there is; then what is on
   * its way, in the order in which it was sent.
   */
  readonly messages: readonly ChatMessage[];
  /** Whether the newest page has come. */
  readonly isLoaded: boolean;
  /** Whether there are messages before the first of `messages`, for `loadEarlier`. */
  readonly hasEarlier: boolean;
  /** How many messages are newer than the user's read marker. */
  readonly unread: number;
  /** Whether the user has blocked the peer. */
  readonly isBlocked: boolean;
  /** Whether the peer is typing to the user: until their message comes, or 6 s after the last sign of it. */
  readonly isPeerTyping: boolean;
  /**
   * The server takes nothing more from the user here until `untilMs` (since the epoch, by this device's clock), because too
   * much was sent at once; what waits is sent then, by itself. `code` is `too_many_messages` or `too_many_new_peers`.
   */
  readonly held: { readonly code: string; readonly untilMs: number } | undefined;
  /** The peer's, once it is known. */
  readonly profile: Profile | undefined;

  /** Calls `listener` at each event, until the function that is answered is called. */
  on<Name extends keyof ConversationEvents>(
    name: Name,
    listener: (payload: ConversationEvents[Name]) => void,
  ): () => void;

  /**
   * Sends a text of 1 to 4,096 code points. Messages of one client to one peer are stored in the order of the calls.
   *
   * Resolves, with the message, once it is stored: at once or after any number of attempts, by which it is never stored
   * twice. Whoever does not wait for it sees the same in `messages`, and need not catch anything.
   *
   * Rejects with a `DuetError`: `empty_text`, `text_too_long` and `outbox_full` where it was not taken at all;
   * `storage_failed` where it could not be kept, and was not sent; a refusal's code, as `blocked` or `unknown_user`, and
   * then it is `failed`; `discarded`; `closed` where the client was closed before the answer came.
   */
  send(text: string): Promise<ChatMessage>;

  /** Sends a message that has `failed` again. As `send`; rejects with `not_found` where no such message waits. */
  retry(id: string): Promise<ChatMessage>;

  /** Throws a message away that has `failed`. Rejects with `not_found` where no such message waits. */
  discard(id: string): Promise<void>;

  /**
   * Fetches up to 50 messages before the first of `messages`. Resolves with `hasEarlier` as it is then. A call while
   * another is under way joins it. Rejects with a `DuetError`; then it may be called again.
   */
  loadEarlier(): Promise<boolean>;

  /**
   * All of `messages` is read. The user's other devices and the peer are told. Safe to call often: nothing is sent when
   * nothing is unread. It is tried again until the server has it or the client is closed.
   */
  markRead(): void;

  /** The user is typing. For every keystroke: the peer is told at most every 3 s, and only while the client is online. */
  typing(): void;

  /** Takes no more messages of the peer: none of theirs is stored once this has resolved. Rejects with a `DuetError`. */
  block(): Promise<void>;

  /** Takes the peer's messages again. Rejects with a `DuetError`. */
  unblock(): Promise<void>;
}
