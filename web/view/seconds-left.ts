import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** The seconds until a moment (ms since the epoch), at least 1, for a view to count down by; 1 where there is none. */
export function useSecondsLeft(untilMs: number | undefined): number {
  const nowMs = useSignal(Date.now());
  const isWanted = untilMs !== undefined;
  useEffect(() => {
    if (!isWanted) return;
    const tick = () => {
      nowMs.value = Date.now();
    };
    tick();
    const ticking = setInterval(tick, 1_000);
    return () => clearInterval(ticking);
  }, [isWanted]);
  return Math.max(1, Math.ceil(((untilMs ?? 0) - nowMs.value) / 1_000));
}
