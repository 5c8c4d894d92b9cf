import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { indexedDbStorage } from "../../client/browser.ts";
import {
  type ChatMessage,
  type Client,
  type Conversation,
  type ConversationRow,
  createClient,
  type DuetError,
  type Profile,
  type Status,
} from "../../client/index.ts";
import { createPictures } from "../pictures/picture-store.ts";
import type { Session } from "../session/session.ts";

/** A signed-in user's client, for views to read: what is a signal here changes by itself, and the views with it. */
export interface Chat {
  readonly username: string;
  readonly client: Client;
  readonly status: ReadonlySignal<Status>;
  /** When the next attempt to connect comes, ms since the epoch; undefined while none is due. */
  readonly retryAtMs: ReadonlySignal<number | undefined>;
  readonly me: ReadonlySignal<Profile>;
  readonly rows: ReadonlySignal<readonly ConversationRow[]>;
  /** Of all conversations. */
  readonly unread: ReadonlySignal<number>;
  /** Whether the list of conversations has come once. */
  readonly isListed: ReadonlySignal<boolean>;
  /** The address of a picture that can be shown, once it is loaded. */
  picture(path: string | null | undefined): string | undefined;
  /** The conversation with a user, the same at each call. Throws a `DuetError` for what can be nobody's name. */
  open(peer: string): OpenConversation;
  close(): Promise<void>;
}

/** A conversation for views. */
export interface OpenConversation {
  readonly peer: string;
  readonly conversation: Conversation;
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly isLoaded: ReadonlySignal<boolean>;
  readonly hasEarlier: ReadonlySignal<boolean>;
  readonly unread: ReadonlySignal<number>;
  readonly isBlocked: ReadonlySignal<boolean>;
  readonly isPeerTyping: ReadonlySignal<boolean>;
  readonly held: ReadonlySignal<Conversation["held"]>;
  readonly profile: ReadonlySignal<Profile>;
  /** Why there are no messages to show, as `unknown_user`. */
  readonly error: Signal<DuetError | undefined>;
}

export function createChat(session: Session): Chat {
  const { username, token } = session;
  const client = createClient({ url: location.origin, username, token, storage: indexedDbStorage() });
  const status = signal(client.status);
  const retryAtMs = signal(client.retryAtMs);
  const rows = signal(client.conversations);
  const unread = signal(client.unread);
  const isListed = signal(false);
  const unnamed: Profile = { username, displayName: username, avatar: null };
  const me = signal(client.me ?? unnamed);
  const pictures = createPictures({ token });
  const picturesChanged = signal(0);
  pictures.onChange(() => picturesChanged.value++);
  const conversations = new Map<string, OpenConversation>();

  client.on("status", (now) =>
    batch(() => {
      status.value = now;
      retryAtMs.value = client.retryAtMs;
      if (now === "online") isListed.value = true;
    }),
  );
  client.on("rows", (now) =>
    batch(() => {
      rows.value = now;
      unread.value = client.unread;
    }),
  );
  client.on("profile", () => {
    me.value = client.me ?? unnamed;
  });
  client.on("error", (error) => console.warn(error));

  return {
    username,
    client,
    status,
    retryAtMs,
    me,
    rows,
    unread,
    isListed,
    picture(path) {
      picturesChanged.value;
      return path ? pictures.get(path) : undefined;
    },
    open(peer) {
      const open = conversations.get(peer) ?? openConversation(client.conversation(peer));
      conversations.set(peer, open);
      return open;
    },
    async close() {
      pictures.close();
      await client.close();
    },
  };
}

function openConversation(conversation: Conversation): OpenConversation {
  const { peer } = conversation;
  const unnamed: Profile = { username: peer, displayName: peer, avatar: null };
  const read = () => ({
    messages: conversation.messages,
    isLoaded: conversation.isLoaded,
    hasEarlier: conversation.hasEarlier,
    unread: conversation.unread,
    isBlocked: conversation.isBlocked,
    isPeerTyping: conversation.isPeerTyping,
    held: conversation.held,
    profile: conversation.profile ?? unnamed,
  });
  const state = signal(read());
  const error = signal<DuetError | undefined>(undefined);
  conversation.on("change", () => {
    state.value = read();
  });
  conversation.on("error", (failure) => {
    error.value = failure;
  });
  return {
    peer,
    conversation,
    messages: computed(() => state.value.messages),
    isLoaded: computed(() => state.value.isLoaded),
    hasEarlier: computed(() => state.value.hasEarlier),
    unread: computed(() => state.value.unread),
    isBlocked: computed(() => state.value.isBlocked),
    isPeerTyping: computed(() => state.value.isPeerTyping),
    held: computed(() => state.value.held),
    profile: computed(() => state.value.profile),
    error,
  };
}
