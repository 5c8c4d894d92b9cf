import { PutCommand } from "@aws-sdk/lib-dynamodb";
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

/** The table Messages: key `conversation`, `seq`. */
export function messagesTable(table: Table): MessageLog {
  const { client, tableName: TableName } = table;

  function query(options: {
    conversation: string;
    direction: "forward" | "backward";
    bound?: number;
    limit: number;
  }): Promise<Item[]> {
    const { conversation, direction, bound, limit } = options;
    const range = bound === undefined ? "" : ` AND seq ${direction === "forward" ? ">" : "<"} :bound`;
    return queryItems<Item>(
      table,
      {
        ConsistentRead: true,
        ScanIndexForward: direction === "forward",
        KeyConditionExpression: `conversation = :conversation${range}`,
        ExpressionAttributeValues: { ":conversation": conversation, ":bound": bound },
      },
      limit,
    );
  }

  return {
    async tail(conversation) {
      const [item] = await query({ conversation, direction: "backward", limit: 1 });
      return item === undefined ? undefined : toEntry(item);
    },
    async backward({ conversation, before, limit }) {
      const bound = before === undefined ? {} : { bound: before };
      return (await query({ conversation, direction: "backward", limit, ...bound })).map(toEntry);
    },
    async forward({ conversation, after, limit }) {
      return (await query({ conversation, direction: "forward", limit, bound: after })).map(toEntry);
    },
    async append(conversation, entry) {
      const put = new PutCommand({
        TableName,
        Item: toItem(conversation, entry),
        ConditionExpression: "attribute_not_exists(seq)",
      });
      return (await holds(client.send(put))) ? "appended" : "taken";
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
