/** What of a clock's difference may be the way of the answer, and is not learned. */
const TOLERANCE_MS = 2_000;

/** The server's time, as far as its answers tell: a device's own clock may be wrong by any amount. */
export class ServerClock {
  readonly #deviceNowMs: () => number;
  #offsetMs = 0;

  constructor(deviceNowMs: () => number) {
    this.#deviceNowMs = deviceNowMs;
  }

  nowMs(): number {
    return this.#deviceNowMs() + this.#offsetMs;
  }

  /** Takes the server's time, RFC 3339, from an answer that has just come. */
  learn(serverTime: string): void {
    const serverMs = Date.parse(serverTime);
    if (Math.abs(serverMs - this.nowMs()) > TOLERANCE_MS) this.#offsetMs = serverMs - this.#deviceNowMs();
  }
}
