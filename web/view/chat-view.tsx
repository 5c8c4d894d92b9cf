import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { navigate, peer } from "../app/route.ts";
import { explain, t } from "../language/language.ts";
import { Avatar } from "./avatar.tsx";
import { Banner } from "./banner.tsx";
import { useChat } from "./chat-context.ts";
import { ConversationView } from "./conversation.tsx";
import { ConversationList } from "./conversation-list.tsx";
import { Dialog } from "./dialog.tsx";
import { SettingsIcon } from "./icons.tsx";
import type { SettingsDialog } from "./settings.tsx";

/** The page of a signed-in user: the list and a conversation side by side, or on a phone one of them. */
export function ChatView() {
  const { me } = useChat();
  const dialog = useSignal<"settings" | "help" | undefined>(undefined);
  const close = () => {
    dialog.value = undefined;
  };
  useShortcuts(() => {
    dialog.value = "help";
  });
  return (
    <>
      <Banner />
      <main class={peer.value === undefined ? "panes list-first" : "panes conversation-first"}>
        <div class="side">
          <header class="bar">
            <Avatar profile={me.value} />
            <h1 dir="auto">{me.value.displayName}</h1>
            <button
              type="button"
              class="plain"
              aria-label={t.value.settings}
              title={t.value.settings}
              onClick={() => {
                dialog.value = "settings";
              }}
            >
              <SettingsIcon />
            </button>
          </header>
          <ConversationList />
        </div>
        <Shown />
      </main>
      {dialog.value === "settings" && <Settings onClose={close} />}
      {dialog.value === "help" && <HelpDialog onClose={close} />}
    </>
  );
}

function Shown() {
  const { open, username } = useChat();
  const wanted = peer.value;
  if (wanted === undefined) return <p class="conversation empty">{t.value.chooseConversation}</p>;
  if (wanted === username) return <Refused text={t.value.yourself} />;
  try {
    return <ConversationView key={wanted} open={open(wanted)} />;
  } catch (error) {
    return <Refused text={explain(error)} />;
  }
}

function Refused({ text }: { text: string }) {
  return (
    <div class="conversation empty">
      <p role="alert">{text}</p>
      <button type="button" onClick={() => navigate(undefined)}>
        {t.value.back}
      </button>
    </div>
  );
}

/** Loaded when it is wanted: most visits do without. */
function Settings({ onClose }: { onClose: () => void }) {
  const [View, setView] = useState<typeof SettingsDialog | undefined>(undefined);
  useEffect(() => {
    import("./settings.tsx").then((module) => setView(() => module.SettingsDialog), onClose);
  }, []);
  return View === undefined ? null : <View onClose={onClose} />;
}

function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t.value.help} onClose={onClose}>
      <dl class="shortcuts">
        {t.value.shortcuts.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** Alt with an arrow goes to the conversation above or below; `?` tells the keys, where nothing is being written. */
function useShortcuts(showHelp: () => void): void {
  const { rows } = useChat();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isWriting = event.target instanceof Element && event.target.matches("input, textarea, select");
      if (event.key === "?" && !isWriting) showHelp();
      if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      const peers = rows.peek().map((row) => row.peer);
      const at = peers.indexOf(peer.peek() ?? "");
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? peers.length - 1 : at - 1;
      if (peers[next] !== undefined) navigate(peers[next]);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
