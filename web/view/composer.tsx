import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { DuetError } from "../../client/index.ts";
import { countCodePoints } from "../../functions/protocol/code-points.ts";
import { TEXT_CODE_POINTS_MAX } from "../../functions/protocol/limits.ts";
import type { OpenConversation } from "../app/chat.ts";
import { explain, t } from "../language/language.ts";
import { useChat } from "./chat-context.ts";
import { SendIcon } from "./icons.tsx";

/** How much is left is said from here on. */
const LEFT_SHOWN_MAX = 300;

/** With these, a message was not taken at all, and is given back; with any other it stands in the log, and says so. */
const NOT_TAKEN = ["outbox_full", "storage_failed"];

/** Where a message is written. Its text is the conversation's draft until it is sent. */
export function Composer({ open, onSend }: { open: OpenConversation; onSend: () => void }) {
  const { drafts } = useChat();
  const field = useRef<HTMLTextAreaElement>(null);
  const text = drafts.of(open.peer).value;
  const left = TEXT_CODE_POINTS_MAX - countCodePoints(text);
  const [problem, setProblem] = useState<DuetError | undefined>(undefined);
  const canSend = text.trim() !== "" && left >= 0;

  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    // As high as its text; the style sheet says how high at most.
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  // On a phone the keyboard would cover half of what was just opened.
  useLayoutEffect(() => {
    if (matchMedia("(hover: hover)").matches) field.current?.focus();
  }, []);

  const send = () => {
    if (!canSend) return;
    drafts.set(open.peer, "");
    setProblem(undefined);
    open.conversation.send(text).catch((error: DuetError) => {
      if (!NOT_TAKEN.includes(error.code)) return;
      setProblem(error);
      if (drafts.of(open.peer).peek() === "") drafts.set(open.peer, text);
    });
    onSend();
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // The Enter that ends the composition of an input method is no Enter; Safari tells it by 229 alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={text}
        aria-label={t.value.message}
        placeholder={t.value.message}
        title={t.value.messageHint}
        enterkeyhint="send"
        onInput={({ currentTarget }) => {
          drafts.set(open.peer, currentTarget.value);
          if (currentTarget.value.trim() !== "") open.conversation.typing();
        }}
        onKeyDown={onKeyDown}
      />
      {left < LEFT_SHOWN_MAX && (
        <span class={left < 0 ? "left too-many" : "left"} role="status">
          {t.value.charactersLeft(left)}
        </span>
      )}
      {problem !== undefined && (
        <span class="left too-many" role="alert">
          {explain(problem)}
        </span>
      )}
      <button type="submit" class="send" aria-label={t.value.send} disabled={!canSend}>
        <SendIcon />
      </button>
    </form>
  );
}
