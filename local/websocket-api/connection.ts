import { isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { FrameMeter } from "./frame-meter.ts";
import type { Client, Ending } from "./gateway.ts";
import { BUFFERED_BYTES_MAX, FRAME_BYTES_MAX, IN_FLIGHT_MAX } from "./limits.ts";

/** AWS's documentation names the code; the reason is ours, as is that of 1003. */
const TOO_BIG: Ending = { code: 1009, reason: "Message too big" };

/** What the API does with its connections; one object serves them all. */
export interface ConnectionOwner {
  /** A text message came. Runs while others of the same connection do; must not reject. */
  received(connection: Connection, text: string): Promise<void>;
  /** Called once, when the socket has closed. */
  ended(connection: Connection, ending: Ending): void;
}

/** One established connection, from the 101 until its socket has closed. */
export class Connection {
  readonly client: Client;
  /** Time of the last message in either direction. A ping is not a message: it does not keep a connection alive. */
  lastActiveAtMs: number;
  readonly #socket: WebSocket;
  readonly #owner: ConnectionOwner;
  readonly #meter = new FrameMeter();
  #messagesRead = 0;
  #inFlight = 0;
  /** Set once this side has begun to close. */
  #ending: Ending | undefined;

  /** @param wire The stream below `socket`, of which nothing has been read yet. */
  constructor(client: Client, { socket, wire, owner }: { socket: WebSocket; wire: Duplex; owner: ConnectionOwner }) {
    this.client = client;
    this.lastActiveAtMs = client.connectedAtMs;
    this.#socket = socket;
    this.#owner = owner;
    // The meter is ahead of `ws` by a chunk, whose last messages may come before the excess: they are still taken.
    wire.prependListener("data", (chunk: Buffer) => {
      this.#meter.read(chunk);
      if (this.#meter.exceeded) queueMicrotask(() => this.close(TOO_BIG));
    });
    socket.on("message", (data, isBinary) => void this.#receive(data, isBinary));
    socket.on("close", (code, reason) => {
      // `ws` closes by itself over a message that is too long, if it comes to it first.
      if (this.#meter.exceeded) this.#ending ??= TOO_BIG;
      owner.ended(this, this.#ending ?? clientEnding(code, reason.toString()));
    });
    // A violation of the protocol or a broken socket: `ws` closes by itself, and the close event tells the rest.
    socket.on("error", () => {});
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /**
   * Sends one text message, in frames of at most `FRAME_BYTES_MAX`; bytes that are not UTF-8 become U+FFFD, since a
   * client would have to fail the connection over them. False if the connection is not open (any more): also when
   * more than `BUFFERED_BYTES_MAX` would wait for a client that does not read, which ends the connection.
   */
  send(payload: Buffer): boolean {
    if (!this.isOpen) return false;
    if (this.#socket.bufferedAmount + payload.length > BUFFERED_BYTES_MAX) {
      this.#socket.terminate();
      return false;
    }
    this.lastActiveAtMs = Date.now();
    const text = isUtf8(payload) ? payload : Buffer.from(payload.toString());
    let start = 0;
    do {
      const end = start + FRAME_BYTES_MAX;
      this.#socket.send(text.subarray(start, end), { binary: false, fin: end >= text.length });
      start = end;
    } while (start < text.length);
    return true;
  }

  /** Begins to close, unless either side has already. */
  close(ending: Ending): void {
    if (!this.isOpen) return;
    this.#ending = ending;
    this.#socket.close(ending.code, ending.reason);
  }

  /** Resolves when the socket has closed and the owner has been told. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.readyState === this.#socket.CLOSED) resolve();
      else this.#socket.once("close", () => resolve());
    });
  }

  async #receive(data: RawData, isBinary: boolean): Promise<void> {
    this.#messagesRead += 1;
    if (!this.isOpen || this.#messagesRead > this.#meter.messages) return;
    if (isBinary) return this.close({ code: 1003, reason: "Unsupported data" });

    this.lastActiveAtMs = Date.now();
    this.#inFlight += 1;
    if (this.#inFlight === IN_FLIGHT_MAX) this.#socket.pause();
    await this.#owner.received(this, data.toString());
    this.#inFlight -= 1;
    if (this.#inFlight === IN_FLIGHT_MAX - 1) this.#socket.resume();
  }
}

/** Codes 1005 and 1006 stand for a missing code and a missing close frame (RFC 6455, section 7.4.1). */
function clientEnding(code: number, reason: string): Ending {
  if (code === 1005) return { code, reason: "Client-side close frame status not set" };
  if (code === 1006) return { code, reason: "Connection Closed Abnormally" };
  return { code, reason };
}
