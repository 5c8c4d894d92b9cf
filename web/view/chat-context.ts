import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Chat } from "../app/chat.ts";
import type { Drafts } from "../app/drafts.ts";

/** What every view of a signed-in user reads. */
export interface SignedIn extends Chat {
  readonly drafts: Drafts;
  /** Goes to the sign-in page and comes back here. */
  signInAgain(): void;
  /** Leaves nothing of the user on this device but messages that are not sent yet. */
  signOut(): Promise<void>;
}

export const ChatContext = createContext<SignedIn | undefined>(undefined);

export function useChat(): SignedIn {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("This view is for signed-in users.");
  return chat;
}
