import type { World } from "./world.ts";

/** A peer of whom nothing more is heard for so long has stopped typing: clients tell of it every 3 s. */
const TYPING_MS_MAX = 6_000;

/** A sign of typing that comes so soon after a message may have been overtaken by it: both go their own way. */
const OVERTAKEN_MS_MAX = 2_000;

/** Which peers are typing to the user. */
export class PeerTyping {
  readonly #world: World;
  readonly #onChange: (change: { peer: string; isTyping: boolean }) => void;
  /** What ends the wait for the next sign, by peer. */
  readonly #typing = new Map<string, () => void>();
  /** When the last message came, ms since the epoch, by peer. */
  readonly #messageAtMs = new Map<string, number>();

  constructor(world: World, onChange: (change: { peer: string; isTyping: boolean }) => void) {
    this.#world = world;
    this.#onChange = onChange;
  }

  has(peer: string): boolean {
    return this.#typing.has(peer);
  }

  /** There was a sign that the peer types. */
  sign(peer: string): void {
    const sinceMs = this.#world.nowMs() - (this.#messageAtMs.get(peer) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < 0 || sinceMs > OVERTAKEN_MS_MAX) this.#set(peer, true);
  }

  /** Their message has come. */
  message(peer: string): void {
    this.#messageAtMs.set(peer, this.#world.nowMs());
    this.#set(peer, false);
  }

  #set(peer: string, isTyping: boolean): void {
    const cancel = this.#typing.get(peer);
    cancel?.();
    this.#typing.delete(peer);
    if (isTyping)
      this.#typing.set(
        peer,
        this.#world.after(TYPING_MS_MAX, () => this.#set(peer, false)),
      );
    if (isTyping !== (cancel !== undefined)) this.#onChange({ peer, isTyping });
  }

  /** Nobody is typing any more, and nobody is told. */
  stop(): void {
    for (const cancel of this.#typing.values()) cancel();
    this.#typing.clear();
  }
}
