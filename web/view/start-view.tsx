import { t } from "../language/language.ts";

/** What is shown while nobody is signed in: why, and the one thing to do about it. */
export function SignInView({ problem, onSignIn }: { problem: string | undefined; onSignIn: () => void }) {
  return (
    <main class="start-view">
      <img src="/favicon.svg" alt="" />
      <h1>Duet</h1>
      <p>{t.value.signInLead}</p>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <button type="button" class="primary" onClick={onSignIn}>
        {t.value.signIn}
      </button>
    </main>
  );
}

/** Shown while the page finds out who is signed in; the style sheet hides it for the first moment. */
export function StartingView() {
  return (
    <main class="start-view patient">
      <p role="status">{t.value.starting}</p>
    </main>
  );
}

export function CannotStartView({ reason, onRetry }: { reason: string; onRetry: () => void }) {
  return (
    <main class="start-view">
      <h1>{t.value.cannotStart}</h1>
      <p role="alert">{reason}</p>
      <button type="button" class="primary" onClick={onRetry}>
        {t.value.tryAgain}
      </button>
    </main>
  );
}
