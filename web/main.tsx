import "./style/style.css";
import { render } from "preact";
import { showBadge } from "./app/badge.ts";
import { createChat } from "./app/chat.ts";
import { createDrafts, forgetDrafts } from "./app/drafts.ts";
import { notifyOfMessages } from "./app/notifications.ts";
import { readLocation } from "./app/route.ts";
import { loadLanguage, t } from "./language/language.ts";
import { loadConfig, type WebConfig } from "./session/config.ts";
import { resumeSession, type Session, SignInError, signIn } from "./session/session.ts";
import { ChatContext, type SignedIn } from "./view/chat-context.ts";
import { ChatView } from "./view/chat-view.tsx";
import { CannotStartView, SignInView, StartingView } from "./view/start-view.tsx";

const root = document.getElementById("app") as HTMLElement;

/** Finds out who is signed in, and shows the chat, or the way to sign in. */
async function start(): Promise<void> {
  let config: WebConfig;
  try {
    const loading = loadConfig();
    await loadLanguage();
    render(<StartingView />, root);
    config = await loading;
  } catch (error) {
    render(<CannotStartView reason={String(error)} onRetry={() => void start()} />, root);
    return;
  }
  try {
    const session = await resumeSession(config);
    if (session === undefined) showSignIn(config, undefined);
    else showChat(config, session);
  } catch (error) {
    showSignIn(config, error);
  }
}

function showSignIn(config: WebConfig, error: unknown): void {
  render(
    <SignInView
      problem={error === undefined ? undefined : explainSignIn(error)}
      onSignIn={() =>
        void signIn(config, { returnTo: location.pathname }).catch((failure: unknown) => showSignIn(config, failure))
      }
    />,
    root,
  );
}

function showChat(config: WebConfig, session: Session): void {
  // The issuer has sent the browser back to another address than the one it came from.
  readLocation();
  const chat = createChat(session);
  const stopBadge = showBadge(chat);
  const stopNotifying = notifyOfMessages(chat);
  const end = async () => {
    stopBadge();
    stopNotifying();
    render(<StartingView />, root);
    await chat.close();
  };
  const signedIn: SignedIn = {
    ...chat,
    drafts: createDrafts(session.username),
    signInAgain: () => void signIn(config, { returnTo: location.pathname }),
    async signOut() {
      await end();
      forgetDrafts();
      await session.signOut();
    },
  };
  session.onSignedOutElsewhere(() => void end().then(() => showSignIn(config, undefined)));
  render(
    <ChatContext.Provider value={signedIn}>
      <ChatView />
    </ChatContext.Provider>,
    root,
  );
}

function explainSignIn(error: unknown): string {
  const code = error instanceof SignInError ? error.code : undefined;
  if (code === "denied") return t.value.signInDenied;
  return code === "unreachable" ? t.value.signInUnreachable : t.value.signInFailed;
}

void start();
