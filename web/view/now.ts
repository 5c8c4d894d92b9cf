import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** The time in ms since the epoch, for a view to count down by: it goes on, by the second, while it is wanted. */
export function useNowMs(isWanted: boolean): number {
  const nowMs = useSignal(Date.now());
  useEffect(() => {
    if (!isWanted) return;
    const tick = () => {
      nowMs.value = Date.now();
    };
    tick();
    const ticking = setInterval(tick, 1_000);
    return () => clearInterval(ticking);
  }, [isWanted]);
  return nowMs.value;
}
