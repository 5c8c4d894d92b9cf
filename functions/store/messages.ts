import type { Burst, LogEntry, MessageLog } from "../domain/ports.ts";
import type { Message } from "../protocol/wire.ts";
import { holds, queryItems, type Table } from "./dynamodb.ts";

/** An item of the table Messages. Numbers of bursts are packed, since every byte over 1 KB costs a write unit more. */
interface Item extends Message {
  conversation: string;
  /** Absent where it is the item's own id. */
  newestId?: string;
  /** [start in ms since the epoch, messages] */
  senderBurst: [number, number];
  recipientBurst?: [number, number];
}

/** A fence in the place of a message: its token. It stands behind the newest message, or nowhere. */
interface FenceItem {
  conversation: string;
  seq: number;
  fence: string;
}

/** The table Messages: key `conversation`, `seq`. */
export function messagesTable(table: Table): MessageLog {
  const { client, tableName: TableName } = table;

  function query(options: {
    conversation: string;
    direction: "forward" | "backward";
    bound?: number;
    limit: number;
  }): Promise<Item[]> {
    // A fence is left out, and does not count: a filter makes a page end earlier, and then it goes on.
    const { conversation, direction, bound, limit } = options;
    const range = bound === undefined ? "" : ` AND seq ${direction === "forward" ? ">" : "<"} :bound`;
    return queryItems<Item>(
      table,
      {
        ConsistentRead: true,
        ScanIndexForward: direction === "forward",
        KeyConditionExpression: `conversation = :conversation${range}`,
        FilterExpression: "attribute_not_exists(fence)",
        ExpressionAttributeValues: { ":conversation": conversation, ":bound": bound },
      },
      limit,
    );
  }

  /** Puts the item where nothing is, or the fence with the token `over`. */
  const put = (Item: Item | FenceItem, over: string | undefined) =>
    holds(
      client.put({
        TableName,
        Item: { ...Item },
        ConditionExpression:
          over === undefined ? "attribute_not_exists(seq)" : "attribute_not_exists(seq) OR fence = :over",
        ExpressionAttributeValues: over === undefined ? undefined : { ":over": over },
      }),
    );

  return {
    async tail(conversation) {
      const [newest] = await queryItems<Item | FenceItem>(
        table,
        {
          ConsistentRead: true,
          ScanIndexForward: false,
          KeyConditionExpression: "conversation = :conversation",
          ExpressionAttributeValues: { ":conversation": conversation },
        },
        1,
      );
      if (newest === undefined) return {};
      if (!("fence" in newest)) return { last: toEntry(newest) };
      const { fence, seq } = newest;
      const [last] = await query({ conversation, direction: "backward", bound: seq, limit: 1 });
      return { fence, ...(last === undefined ? {} : { last: toEntry(last) }) };
    },
    async backward({ conversation, before, limit }) {
      const bound = before === undefined ? {} : { bound: before };
      return (await query({ conversation, direction: "backward", limit, ...bound })).map(toEntry);
    },
    async forward({ conversation, after, limit }) {
      return (await query({ conversation, direction: "forward", limit, bound: after })).map(toEntry);
    },
    async append(conversation, entry, over) {
      return (await put(toItem(conversation, entry), over)) ? "appended" : "taken";
    },
    async fence(conversation, { seq, token, over }) {
      return (await put({ conversation, seq, fence: token }, over)) ? "fenced" : "taken";
    },
  };
}

function toItem(conversation: string, { message, newestId, bursts }: LogEntry): Item {
  return {
    conversation,
    ...message,
    ...(newestId === message.id ? {} : { newestId }),
    senderBurst: pack(bursts.sender),
    ...(bursts.recipient === undefined ? {} : { recipientBurst: pack(bursts.recipient) }),
  };
}

function toEntry(item: Item): LogEntry {
  const { senderBurst, recipientBurst, newestId = item.id } = item;
  return {
    message: toMessage(item),
    newestId,
    bursts: {
      sender: unpack(senderBurst),
      ...(recipientBurst === undefined ? {} : { recipient: unpack(recipientBurst) }),
    },
  };
}

function toMessage({ id, seq, sender, recipient, text, createdAt }: Item): Message {
  return { id, seq, sender, recipient, text, createdAt };
}

function pack({ startedAtMs, messages }: Burst): [number, number] {
  return [startedAtMs, messages];
}

function unpack([startedAtMs, messages]: [number, number]): Burst {
  return { startedAtMs, messages };
}
