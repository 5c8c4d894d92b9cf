import type { ChatMessage, Conversation, Profile } from "../../client/index.ts";
import { explain, locale, t } from "../language/language.ts";
import { isEmojiOnly } from "../text/emoji.ts";
import { clockTime, fullTime } from "../text/times.ts";
import { Avatar } from "./avatar.tsx";
import { ClockIcon, FailedIcon, ReadIcon, SentIcon } from "./icons.tsx";
import { LinkedText } from "./links.tsx";

export interface MessageRowProps {
  message: ChatMessage;
  conversation: Conversation;
  /** The sender's. */
  profile: Profile;
  isOwn: boolean;
  /** Of those of one sender that are shown together. */
  isFirst: boolean;
  isLast: boolean;
}

/** One message. It reads signals, and so is not made again while its properties stay the same: there are hundreds. */
export function MessageRow({ message, conversation, profile, isOwn, isFirst, isLast }: MessageRowProps) {
  const { text, createdAt, state } = message;
  const side = isOwn ? "own" : "theirs";
  return (
    <li
      class={`message ${side} ${isFirst ? "first" : ""} ${isLast ? "last" : ""}`}
      data-key={message.key}
      data-state={state}
      data-seq={message.seq}
    >
      {!isOwn && <span class="picture">{isLast && <Avatar profile={profile} size="small" />}</span>}
      <div class="bubble">
        <span class="hidden">{isOwn ? t.value.you : profile.displayName}: </span>
        <p class={isEmojiOnly(text) ? "text emoji" : "text"} dir="auto">
          <LinkedText text={text} />
        </p>
        <span class="meta">
          <time dateTime={createdAt} title={fullTime(locale.value, createdAt)}>
            {clockTime(locale.value, createdAt)}
          </time>
          {isOwn && <StateIcon state={state} />}
        </span>
      </div>
      {state === "failed" && <FailedNote message={message} conversation={conversation} />}
    </li>
  );
}

function StateIcon({ state }: { state: ChatMessage["state"] }) {
  const icons = { sending: ClockIcon, sent: SentIcon, read: ReadIcon, failed: FailedIcon };
  const StateIconOf = icons[state];
  const name = t.value.states[state];
  return (
    <span class="state" title={name}>
      <StateIconOf />
      <span class="hidden">{name}</span>
    </span>
  );
}

function FailedNote({ message, conversation }: { message: ChatMessage; conversation: Conversation }) {
  const { code, detail } = message.refusal ?? {};
  return (
    <p class="failed-note">
      {t.value.states.failed}. {explain({ code, message: detail })}
      <button type="button" onClick={() => void conversation.retry(message.id)}>
        {t.value.retry}
      </button>
      <button type="button" onClick={() => conversation.discard(message.id).catch(() => undefined)}>
        {t.value.discard}
      </button>
    </p>
  );
}
