import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../language/language.ts";
import { useChat } from "./chat-context.ts";
import { useSecondsLeft } from "./seconds-left.ts";

/** A connection that is back sooner than this is nothing to speak of. */
const PATIENCE_MS = 1_500;

/** Says why nothing comes just now, and when it will. */
export function Banner() {
  const { status, retryAtMs, client, signInAgain } = useChat();
  const isLate = useSignal(false);
  const isOnline = status.value === "online";
  const seconds = useSecondsLeft(retryAtMs.value);

  useEffect(() => {
    if (isOnline) return;
    const soon = setTimeout(() => {
      isLate.value = true;
    }, PATIENCE_MS);
    return () => {
      clearTimeout(soon);
      isLate.value = false;
    };
  }, [isOnline]);

  if (status.value === "signed-out")
    return (
      <div class="banner" role="alert">
        <span>{t.value.signInEnded}</span>
        <button type="button" onClick={signInAgain}>
          {t.value.signInAgain}
        </button>
      </div>
    );
  const hasNetwork = navigator.onLine;
  return (
    <div class={isOnline || !isLate.value ? "banner none" : "banner"}>
      {!isOnline && isLate.value && (
        <>
          {/* The seconds are for the eye: read aloud, they would be all that is heard. */}
          <span class="hidden" role="status">
            {status.value === "connecting" ? t.value.connecting : t.value.offline}
          </span>
          <span aria-hidden="true">
            {status.value === "connecting"
              ? t.value.connecting
              : hasNetwork
                ? t.value.offlineUntil(seconds)
                : t.value.offline}
          </span>
          <button type="button" onClick={() => client.sync()} disabled={status.value === "connecting"}>
            {t.value.tryNow}
          </button>
        </>
      )}
    </div>
  );
}
