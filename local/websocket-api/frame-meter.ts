import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from "./limits.ts";

/**
 * Follows the lengths of a client's frames (RFC 6455, section 5.2) through the bytes it sends, because `ws` limits
 * messages but not frames. It reads headers only and judges nothing but lengths; everything else is left to `ws`.
 */
export class FrameMeter {
  /** True from the first frame over `FRAME_BYTES_MAX`, or message over `MESSAGE_BYTES_MAX`, on. */
  exceeded = false;
  /** How many messages end before the one that exceeds a limit, or so far. */
  messages = 0;

  /** The header being read: a chunk may end within one. */
  #header: number[] = [];
  #payloadBytesLeft = 0;
  #messageBytes = 0;

  read(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length && !this.exceeded) {
      if (this.#payloadBytesLeft > 0) {
        const passed = Math.min(this.#payloadBytesLeft, chunk.length - offset);
        this.#payloadBytesLeft -= passed;
        offset += passed;
      } else {
        this.#header.push(chunk.readUInt8(offset));
        offset += 1;
        this.#finishHeader();
      }
    }
  }

  #finishHeader(): void {
    const [first = 0, second] = this.#header;
    if (second === undefined) return;
    const shortLength = second & 0x7f;
    const lengthBytes = { 126: 2, 127: 8 }[shortLength] ?? 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    if (this.#header.length < 2 + lengthBytes + maskBytes) return;

    const longLength = this.#header.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
    this.#payloadBytesLeft = lengthBytes > 0 ? longLength : shortLength;
    this.#header = [];

    const isControlFrame = (first & 0x08) !== 0;
    if (isControlFrame) return;
    this.#messageBytes += this.#payloadBytesLeft;
    this.exceeded = this.#payloadBytesLeft > FRAME_BYTES_MAX || this.#messageBytes > MESSAGE_BYTES_MAX;
    const endsMessage = (first & 0x80) !== 0;
    if (endsMessage && !this.exceeded) {
      this.messages += 1;
      this.#messageBytes = 0;
    }
  }
}
