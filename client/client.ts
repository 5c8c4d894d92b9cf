import type { Message, Profile } from "../functions/protocol/wire.ts";
import type { Conversation } from "./conversation.ts";
import { DuetClient } from "./duet-client.ts";
import type { DuetError } from "./duet-error.ts";
import type { ClientOptions } from "./options.ts";
import type { ConversationRow } from "./rows.ts";
import type { Status } from "./session.ts";

/** The events of a client. */
export interface ClientEvents {
  /** Each time that `status` changes. */
  status: Status;
  /** The list of conversations has changed. It comes once for all that changed in one turn. */
  rows: readonly ConversationRow[];
  /** Somebody's profile was learned, or has changed: the user's own, or another's. */
  profile: Profile;
  /** A peer has begun to type to the user, or has stopped. */
  typing: { peer: string; isTyping: boolean };
  /**
   * Something failed that nobody waits for. The client goes on by itself, except after `unauthorized`, `signed_out`,
   * `wrong_user` and `not_allowed`, with which the status becomes `signed-out`.
   */
  error: DuetError;
}

/** A signed-in user's client of one Duet. It connects by itself, and stays connected until it is closed. */
export interface Client {
  /** Whether it is connected. */
  readonly status: Status;
  /** While `offline`: when the next attempt to connect comes, ms since the epoch by the device's clock. Else undefined. */
  readonly retryAtMs: number | undefined;
  /** The user's own profile, once the server has told it. */
  readonly me: Profile | undefined;
  /**
   * The user's conversations, the newest message first. What is here follows what happens on every device; a row of
   * which nothing new is heard stays the same object.
   */
  readonly conversations: readonly ConversationRow[];
  /** How many messages of all conversations are newer than the user's read markers. */
  readonly unread: number;
  /**
   * How many messages of all conversations are not stored yet: those on their way, those that were refused, and, once
   * the storage was read, what an earlier client has left.
   */
  readonly unsent: number;

  /** Calls `listener` at each event, until the function that is answered is called. What it throws is an event `error`. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (payload: ClientEvents[Name]) => void): () => void;

  /**
   * The conversation with a user: the same object at each call. The first call begins to load its newest messages, and
   * from then on it is kept up to date; whether the user exists shows then.
   *
   * @throws DuetError `invalid_username` for what can be nobody's name
   */
  conversation(peer: string): Conversation;

  /**
   * Every message that others send to the user, once and in the order of its conversation, also those that were missed
   * while the client was offline or closed. With `own`, also what the user sends, from any device. Default: without.
   *
   * The storage keeps how far it has come. The first time ever it begins with what is unread. A message counts as taken
   * when the next one is asked for: if the loop is left by `break` or an error, or the process ends, that message comes
   * again with the next `messages()`. The loop ends when the client is closed.
   *
   * It is fetched as fast as it is taken. Several at once each get every message, and share what the storage keeps.
   */
  messages(options?: { own?: boolean }): AsyncIterableIterator<Message>;

  /** The profile of any user, asked of the server. Rejects with a `DuetError`, as `unknown_user`. */
  user(username: string): Promise<Profile>;

  /** What is known of a user's profile without asking. */
  profile(username: string): Profile | undefined;

  /**
   * Changes the name that the user shows: 1 to 64 code points, no control characters; `null` takes it away. Resolves with
   * the profile; the user's other devices are told. Rejects with a `DuetError`, as `invalid_display_name`.
   */
  setProfile(profile: { displayName: string | null }): Promise<Profile>;

  /**
   * Changes the user's picture: the bytes of a PNG, JPEG or WebP of at most 64 KiB; `null` takes it away. Resolves with
   * the profile. Rejects with a `DuetError`, as `invalid_image` and `image_too_large`.
   */
  setAvatar(image: Uint8Array<ArrayBuffer> | null): Promise<Profile>;

  /**
   * Asks what is new, at once: for an app that knows something, as that its page is shown again. It tells within 10 s
   * whether the socket still lives, and ends a wait for the next attempt to connect.
   */
  sync(): void;

  /** Tries again to connect after `signed-out`: somebody has signed in, and `token` gives a token of this same user. */
  reconnect(): void;

  /**
   * Closes the user's sockets on every device. Resolves, with how many there were, when that is done; this client's
   * status is `signed-out` then. Other devices come back where their tokens are still good: those the app has to revoke
   * where they were issued. Rejects with a `DuetError`.
   */
  signOutEverywhere(): Promise<{ closed: number }>;

  /**
   * Ends the client for good. What is on its way stays in the storage; whoever waits for it gets the error `closed`.
   * Resolves when the storage is free for the next client. A repeat is safe.
   */
  close(): Promise<void>;
}

/**
 * Makes a client, which begins to connect.
 *
 * ```ts
 * const duet = createClient({ url: "https://chat.example", token: async () => accessToken });
 * duet.on("status", (status) => console.log(status));
 * const bob = duet.conversation("bob");
 * bob.on("change", () => render(bob.messages));
 * await bob.send("hi");
 * for await (const message of duet.messages()) console.log(message.sender, message.text);
 * ```
 *
 * @throws TypeError where there is no `WebSocket` or `fetch`, neither given nor global, or `url` is no URL
 */
export function createClient(options: ClientOptions): Client {
  return new DuetClient(options);
}
