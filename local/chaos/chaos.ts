import { setTimeout } from "node:timers";
import type { Invoke } from "../model.ts";
import type { ChaosShares } from "./chaos-file.ts";

/** The faults of a running system. Each question is answered for one occasion, and what is answered has to be done. */
export interface Chaos {
  /** Whether this connection ends without a `$disconnect`. */
  dropsDisconnect(): boolean;
  /** Whether this post is answered 500, and nothing of it delivered. */
  failsPost(): boolean;
  /** Whether this post is answered 200, and nothing of it delivered, as to a client whose network is gone. */
  losesPost(): boolean;
  /** For how many ms this post is kept before it is served. */
  postDelayMs(): number;
  /** For how many ms this frame stays behind after its post was answered, so that later ones overtake it. */
  frameDelayMs(): number;
  /** The same invocations, of which some are killed with `kill` while they run. */
  killing(invoke: Invoke, kill: (functionArn: string) => boolean): Invoke;
  /** How often each fault has come, by its name in the file. */
  counts(): Record<string, number>;
}

type Fault = keyof ChaosShares;

/** @param random 0 ≤ x < 1 */
export function createChaos(shares: ChaosShares = {}, random: () => number = Math.random): Chaos {
  const counts: Record<string, number> = {};
  const comes = (fault: Fault): boolean => {
    const share = shares[fault];
    if (share === undefined || random() >= (typeof share === "number" ? share : share.share)) return false;
    counts[fault] = (counts[fault] ?? 0) + 1;
    return true;
  };
  const ms = (fault: "delayPost" | "reorderFrame" | "killFunction") => random() * (shares[fault]?.msMax ?? 0);

  return {
    dropsDisconnect: () => comes("dropDisconnect"),
    failsPost: () => comes("failPost"),
    losesPost: () => comes("losePost"),
    postDelayMs: () => (comes("delayPost") ? ms("delayPost") : 0),
    frameDelayMs: () => (comes("reorderFrame") ? ms("reorderFrame") : 0),
    killing: (invoke, kill) => (functionArn, event) => {
      const invocation = invoke(functionArn, event);
      if (!comes("killFunction")) return invocation;
      const timer = setTimeout(() => kill(functionArn), ms("killFunction"));
      return invocation.finally(() => clearTimeout(timer));
    },
    counts: () => ({ ...counts }),
  };
}
