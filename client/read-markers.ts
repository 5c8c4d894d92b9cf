import type { Api } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import { type DuetError, toDuetError } from "./duet-error.ts";
import type { World } from "./world.ts";

export interface ReadMarkersPorts {
  api: Api;
  world: World;
  /** Resolves after so many ms, or when it is worth trying again. */
  wait(ms: number): Promise<void>;
  onRead(peer: string, readSeq: number): void;
  onError(error: DuetError): void;
}

/** Brings the user's read markers to the server: one request at a time for each peer, always the newest, until it is there. */
export class ReadMarkers {
  readonly #ports: ReadMarkersPorts;
  readonly #wanted = new Map<string, number>();

  constructor(ports: ReadMarkersPorts) {
    this.#ports = ports;
  }

  raise(peer: string, seq: number): void {
    const wanted = this.#wanted.get(peer);
    if (wanted === undefined || seq > wanted) this.#wanted.set(peer, seq);
    if (wanted === undefined) void this.#bring(peer);
  }

  async #bring(peer: string): Promise<void> {
    const { api, world, wait, onRead, onError } = this.#ports;
    let failures = 0;
    for (let brought = 0; ; ) {
      const seq = this.#wanted.get(peer) ?? 0;
      if (seq <= brought) break;
      try {
        const path = `conversations/${encodeURIComponent(peer)}/read`;
        const { readSeq } = await api.ask<{ readSeq: number }>("PUT", path, { body: { seq } });
        onRead(peer, readSeq);
        brought = seq;
        failures = 0;
      } catch (thrown) {
        const error = toDuetError(thrown);
        if (!error.isPassing) {
          onError(error);
          break;
        }
        await wait(backoffMs(++failures, world.random));
      }
    }
    this.#wanted.delete(peer);
  }
}
