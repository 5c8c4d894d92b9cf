import type { Message, Profile, ReadFrame, Row } from "../functions/protocol/wire.ts";

/** One line of the list of conversations: what is known of the conversation with `peer`. */
export interface ConversationRow extends Row {
  /** The peer's; it comes soon after the row. */
  readonly profile: Profile | undefined;
}

export interface RowsPorts {
  /** Whose list it is. */
  username(): string;
  /** What is known of a peer's. */
  profile(username: string): Profile | undefined;
}

/**
 * The user's conversation list as one device knows it. Numbers only rise, so rows may come late, twice and in any
 * order: from a sync, from pushes, from answers. A row of which nothing new is heard stays the
 * same object.
 */
export class Rows {
  readonly #ports: RowsPorts;
  readonly #rows = new Map<string, ConversationRow>();

  constructor(ports: RowsPorts) {
    this.#ports = ports;
  }

  get(peer: string): ConversationRow | undefined {
    return this.#rows.get(peer);
  }

  all(): ConversationRow[] {
    return [...this.#rows.values()];
  }

  /** Takes a row of a sync or of the list. */
  merge(row: Row): ConversationRow {
    const known = this.#known(row.peer);
    // A read marker changes nothing that only the newest reading of the row can tell.
    const newer = row.changedAt >= known.changedAt ? row : known;
    return this.#raise({ ...newer, last: known.lastSeq > row.lastSeq ? known.last : row.last }, known, row);
  }

  /** Takes a message of one of the user's conversations; sending counts as reading. */
  message({ sender, recipient, seq, text, createdAt }: Message): ConversationRow {
    const isMine = sender === this.#ports.username();
    const peer = isMine ? recipient : sender;
    const known = this.#known(peer, createdAt);
    const last = seq > known.lastSeq ? { sender, preview: text, createdAt } : known.last;
    const marker = isMine ? { readSeq: seq } : { peerReadSeq: seq };
    return this.#raise({ ...known, last }, known, { ...known, lastSeq: seq, ...marker });
  }

  /** Takes how far either user of a conversation has read. */
  read({ peer, reader, seq }: Pick<ReadFrame, "peer" | "reader" | "seq">): ConversationRow {
    const known = this.#known(peer);
    const marker = reader === this.#ports.username() ? { readSeq: seq } : { peerReadSeq: seq };
    return this.#raise(known, known, { ...known, ...marker });
  }

  /** Takes that the user has blocked the peer, or does no longer. */
  block(peer: string, blocked: boolean): ConversationRow {
    const known = this.#known(peer);
    return this.#raise({ ...known, blocked }, known);
  }

  /** Takes what is known of the peer's profile now. */
  profileChanged(peer: string): void {
    const known = this.#rows.get(peer);
    if (known !== undefined) this.#raise(known, known);
  }

  /** With nothing known, a row in which nothing was said yet. */
  #known(peer: string, changedAt = new Date(0).toISOString()): Row {
    const empty = { lastSeq: 0, last: null, readSeq: 0, peerReadSeq: 0, unread: 0, blocked: false };
    return this.#rows.get(peer) ?? { ...empty, peer, changedAt };
  }

  #raise(base: Row, ...known: Row[]): ConversationRow {
    const highest = (name: "lastSeq" | "readSeq" | "peerReadSeq") => Math.max(...known.map((row) => row[name]));
    const lastSeq = highest("lastSeq");
    const readSeq = highest("readSeq");
    const raised = {
      ...base,
      profile: this.#ports.profile(base.peer),
      lastSeq,
      readSeq,
      peerReadSeq: highest("peerReadSeq"),
      unread: Math.max(0, lastSeq - readSeq),
    };
    this.#rows.set(raised.peer, raised);
    return raised;
  }
}
