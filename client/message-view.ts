import type { Message, Row } from "../functions/protocol/wire.ts";
import type { ChatMessage } from "./conversation.ts";
import { messageIdMs } from "./message-id.ts";
import type { OutboxEntry } from "./outbox.ts";

/** Makes what is shown of a conversation of what is known of it, with the same objects where nothing has changed. */
export class MessageView {
  readonly #peer: string;
  #shown = new Map<string, ChatMessage>();
  /** The key of what waits is the id that it had first. */
  readonly #keyByOrder = new Map<number, string>();
  /** Of messages whose id was made anew. */
  readonly #keyById = new Map<string, string>();
  /** Stored, while those before them are still to be fetched. */
  readonly #acknowledged = new Map<string, Message>();

  constructor(peer: string) {
    this.#peer = peer;
  }

  show(known: {
    me: string;
    row: Row | undefined;
    stored: readonly Message[];
    waiting: readonly OutboxEntry[];
  }): readonly ChatMessage[] {
    const { me, row, stored, waiting } = known;
    const storedIds = new Set(stored.map(({ id }) => id));
    for (const id of this.#acknowledged.keys()) if (storedIds.has(id)) this.#acknowledged.delete(id);
    const all = [...stored, ...this.#acknowledged.values()].map((message) => {
      storedIds.add(message.id);
      const readSeq = message.sender === me ? row?.peerReadSeq : row?.readSeq;
      return this.#stored(message, message.seq <= (readSeq ?? 0));
    });
    // What was seen in the log before its answer came is shown there alone.
    for (const entry of waiting) if (!storedIds.has(entry.id)) all.push(this.#waiting(me, entry));
    const unchanged = all.map((message) =>
      message.seq === undefined ? sameAs(this.#shown.get(message.key), message) : message,
    );
    this.#shown = new Map(unchanged.map((message) => [message.key, message]));
    return unchanged;
  }

  /** The entry with this `order` is stored, as this message. */
  stored(order: number, message: Message): void {
    const { id } = message;
    this.#acknowledged.set(id, message);
    const key = this.#keyByOrder.get(order);
    this.#keyByOrder.delete(order);
    if (key !== undefined && key !== id) this.#keyById.set(id, key);
  }

  /** The object of before, without making another to compare with: there may be tens of thousands. */
  #stored({ id, seq, sender, recipient, text, createdAt }: Message, isRead: boolean): ChatMessage {
    const state = isRead ? "read" : "sent";
    const key = this.#keyById.get(id) ?? id;
    const before = this.#shown.get(key);
    if (before?.seq === seq && before.state === state && before.text === text) return before;
    return { id, key, seq, sender, recipient, text, createdAt, state, refusal: undefined };
  }

  #waiting(sender: string, { id, text, order, refusal }: OutboxEntry): ChatMessage {
    const key = this.#keyByOrder.get(order) ?? id;
    this.#keyByOrder.set(order, key);
    // It may be seen in the log before its answer comes.
    if (key !== id) this.#keyById.set(id, key);
    const createdAt = new Date(messageIdMs(id)).toISOString();
    const state = refusal === undefined ? "sending" : "failed";
    return {
      id,
      key,
      seq: undefined,
      sender,
      recipient: this.#peer,
      text,
      createdAt,
      state,
      refusal,
    };
  }
}

function sameAs(before: ChatMessage | undefined, now: ChatMessage): ChatMessage {
  const isSame =
    before !== undefined && (Object.keys(now) as (keyof ChatMessage)[]).every((name) => before[name] === now[name]);
  return isSame ? before : now;
}
