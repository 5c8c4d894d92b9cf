import type { VirtualWorld } from "./virtual-world.ts";

/** How likely each fault is, where it can happen. */
const LIKELIHOOD = {
  "function dies before a write": 0.01,
  "function dies after a write": 0.015,
  "write is done but answers a timeout": 0.015,
  "write is done, and done again by the SDK": 0.015,
  "write is refused by a fault": 0.01,
  "read is refused by a fault": 0.005,
  "read is slow": 0.03,
  "function is late": 0.004,
  "request is lost": 0.02,
  "answer is lost": 0.03,
  "post is throttled": 0.02,
  "post fails": 0.02,
  "post vanishes": 0.03,
  "open connection is called gone": 0.01,
  "frame is late": 0.15,
  "frame is repeated": 0.05,
  "$disconnect never comes": 0.3,
  "connection opens late": 0.3,
} as const;

/** What happens by itself when devices and time do what they do. It is counted where it does. */
type Event =
  | "connection that is opening is called gone"
  | "token expires"
  | "connection is cut after 2 h"
  | "idle connection is cut"
  | "device loses the network unseen"
  | "device sleeps"
  | "device is started again"
  | "race for a number is lost"
  | "repeat is acknowledged"
  | "block stops a send under way"
  | "id is from the future"
  | "signed out everywhere"
  | "clock of a function is ahead";

export type Fault = keyof typeof LIKELIHOOD;

export const FAULTS = Object.keys(LIKELIHOOD) as Fault[];
export const EVENTS: Event[] = [
  "connection that is opening is called gone",
  "token expires",
  "connection is cut after 2 h",
  "device loses the network unseen",
  "device sleeps",
  "device is started again",
  "race for a number is lost",
  "repeat is acknowledged",
  "block stops a send under way",
  "id is from the future",
  "signed out everywhere",
  "clock of a function is ahead",
];

/** Lets faults happen, and counts them. */
export class Faults {
  readonly counts = new Map<string, number>();
  /** 0 is a world without faults. */
  intensity = 1;
  readonly #world: VirtualWorld;

  constructor(world: VirtualWorld) {
    this.#world = world;
  }

  happens(fault: Fault): boolean {
    const happens = this.#world.random() < LIKELIHOOD[fault] * this.intensity;
    if (happens) this.note(fault);
    return happens;
  }

  note(what: Fault | Event): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
