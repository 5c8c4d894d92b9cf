import type { Message, ReadFrame, Row } from "../functions/protocol/wire.ts";

/**
 * The user's conversation list as one device knows it. Numbers only rise, so rows may come late, twice and in any
 * order: from a sync, from pushes, from answers.
 */
export class Rows {
  readonly #username: string;
  readonly #rows = new Map<string, Row>();

  constructor(username: string) {
    this.#username = username;
  }

  get(peer: string): Row | undefined {
    return this.#rows.get(peer);
  }

  all(): Row[] {
    return [...this.#rows.values()];
  }

  /** Takes a row of a sync or of the list. */
  merge(row: Row): Row {
    const known = this.#rows.get(row.peer);
    // A read marker changes nothing that only the newest reading of the row can tell.
    const newer = known === undefined || row.changedAt >= known.changedAt ? row : known;
    return this.#raise(
      { ...newer, last: known !== undefined && known.lastSeq > row.lastSeq ? known.last : row.last },
      known,
      row,
    );
  }

  /** Takes a message of one of the user's conversations; sending counts as reading. */
  message({ sender, recipient, seq, text, createdAt }: Message): Row {
    const isMine = sender === this.#username;
    const peer = isMine ? recipient : sender;
    const known = this.#rows.get(peer) ?? emptyRow(peer, createdAt);
    const last = seq > known.lastSeq ? { sender, preview: text, createdAt } : known.last;
    const marker = isMine ? { readSeq: seq } : { peerReadSeq: seq };
    return this.#raise({ ...known, last }, known, { ...known, lastSeq: seq, ...marker });
  }

  /** Takes how far either user of a conversation has read. */
  read({ peer, reader, seq }: Pick<ReadFrame, "peer" | "reader" | "seq">): Row {
    const known = this.#rows.get(peer) ?? emptyRow(peer, new Date(0).toISOString());
    const marker = reader === this.#username ? { readSeq: seq } : { peerReadSeq: seq };
    return this.#raise(known, known, { ...known, ...marker });
  }

  /** Takes that the user has blocked the peer, or does no longer. */
  block(peer: string, blocked: boolean): Row {
    const known = this.#rows.get(peer) ?? emptyRow(peer, new Date(0).toISOString());
    return this.#raise({ ...known, blocked }, known);
  }

  #raise(base: Row, ...known: (Row | undefined)[]): Row {
    const highest = (name: "lastSeq" | "readSeq" | "peerReadSeq") => Math.max(...known.map((row) => row?.[name] ?? 0));
    const lastSeq = highest("lastSeq");
    const readSeq = highest("readSeq");
    const raised = {
      ...base,
      lastSeq,
      readSeq,
      peerReadSeq: highest("peerReadSeq"),
      unread: Math.max(0, lastSeq - readSeq),
    };
    this.#rows.set(raised.peer, raised);
    return raised;
  }
}

function emptyRow(peer: string, changedAt: string): Row {
  return { peer, lastSeq: 0, last: null, readSeq: 0, peerReadSeq: 0, unread: 0, blocked: false, changedAt };
}
