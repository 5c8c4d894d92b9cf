import { useEffect, useRef, useState } from "preact/hooks";
import type { OpenConversation } from "../app/chat.ts";
import { navigate } from "../app/route.ts";
import { explain, locale, t } from "../language/language.ts";
import { timeLeft } from "../text/times.ts";
import { Announcer } from "./announcer.tsx";
import { Avatar } from "./avatar.tsx";
import { Composer } from "./composer.tsx";
import { Dialog } from "./dialog.tsx";
import { BackIcon } from "./icons.tsx";
import { MessageLog } from "./message-log.tsx";
import { useSecondsLeft } from "./seconds-left.ts";

/** The conversation with one user. */
export function ConversationView({ open }: { open: OpenConversation }) {
  const goToLatest = useRef(() => {});
  const { displayName, username } = open.profile.value;
  const isUnknown = open.error.value?.code === "unknown_user";

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented && document.querySelector("dialog[open]") === null)
        goToLatest.current();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);

  return (
    <section class="conversation" aria-label={t.value.conversationWith(displayName)}>
      <header class="bar">
        <button type="button" class="plain back" aria-label={t.value.back} onClick={() => navigate(undefined)}>
          <BackIcon />
        </button>
        <Avatar profile={open.profile.value} />
        <div class="who">
          <h1 dir="auto">{displayName}</h1>
          <p class="below-name" aria-live="polite">
            {open.isPeerTyping.value ? t.value.typing(displayName) : displayName === username ? "" : username}
          </p>
        </div>
        {!isUnknown && <BlockButton open={open} />}
      </header>
      <MessageLog open={open} goToLatest={goToLatest} />
      <Announcer open={open} />
      <HeldNote open={open} />
      {open.isBlocked.value ? (
        <p class="blocked-note">{t.value.blockedNote(displayName)}</p>
      ) : (
        !isUnknown && <Composer open={open} onSend={() => goToLatest.current()} />
      )}
    </section>
  );
}

/** Says why nothing more goes out for a while, and for how long. */
function HeldNote({ open }: { open: OpenConversation }) {
  const held = open.held.value;
  const seconds = useSecondsLeft(held?.untilMs);
  if (held === undefined) return null;
  return (
    <p class="held-note">
      <span role="status">{explain(held)}</span>{" "}
      {/* The seconds are for the eye: read aloud, they would be all that is heard. */}
      <span aria-hidden="true">{t.value.sentIn(timeLeft(locale.value, seconds))}</span>
    </p>
  );
}

/** Blocks after a question, which says what that does; unblocks at once. */
function BlockButton({ open }: { open: OpenConversation }) {
  const [isAsking, setIsAsking] = useState(false);
  const [problem, setProblem] = useState<unknown>(undefined);
  const name = open.profile.value.displayName;
  const { isBlocked, conversation } = open;
  const change = async () => {
    try {
      await (isBlocked.peek() ? conversation.unblock() : conversation.block());
      setIsAsking(false);
      setProblem(undefined);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <>
      {problem !== undefined && !isAsking && <span role="alert">{explain(problem)}</span>}
      <button type="button" class="plain" onClick={() => (isBlocked.value ? void change() : setIsAsking(true))}>
        {isBlocked.value ? t.value.unblock(name) : t.value.block(name)}
      </button>
      {isAsking && (
        <Dialog title={t.value.blockQuestion(name)} onClose={() => setIsAsking(false)}>
          <p>{t.value.blockLead}</p>
          {problem !== undefined && <p role="alert">{explain(problem)}</p>}
          <div class="actions">
            <button type="button" onClick={() => setIsAsking(false)}>
              {t.value.cancel}
            </button>
            <button type="button" class="danger" onClick={() => void change()}>
              {t.value.block(name)}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
