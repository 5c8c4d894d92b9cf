import type { Message, ServerFrame } from "../functions/protocol/wire.ts";

/**
 * The frame in what a socket gave; nothing where it is no frame of the protocol, as what the gateway says by itself.
 * It comes from our own server, so that only what the client's memory rests on is looked at.
 */
export function parseFrame(text: unknown): ServerFrame | undefined {
  try {
    const frame = JSON.parse(String(text)) as ServerFrame;
    if (frame.type === "message") return isMessage(frame) ? frame : undefined;
    if (frame.type === "synced")
      return Array.isArray(frame.rows) && typeof frame.cursor === "string" ? frame : undefined;
    return typeof frame.type === "string" ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it has the numbers and names by which a message is put in its place. */
export function isMessage(value: unknown): value is Message {
  const { id, seq, sender, recipient, text, createdAt } = (value ?? {}) as Record<string, unknown>;
  const isWhole = Number.isSafeInteger(seq) && (seq as number) > 0;
  return isWhole && [id, sender, recipient, text, createdAt].every((each) => typeof each === "string");
}

/** The message alone, without what a frame adds to it. */
export function toMessage({ id, seq, sender, recipient, text, createdAt }: Message): Message {
  return { id, seq, sender, recipient, text, createdAt };
}
