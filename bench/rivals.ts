import { bill, connectionHours, message, total } from "./bill.ts";
import type { Use } from "./metered-system.ts";
import type { OperationName } from "./operations.ts";
import { AWS, cost, OTHERS } from "./prices.ts";

/** A month of one product with private messages: the same for all. */
export const MONTH = {
  users: 10_000,
  /** Open at once, on the average and at most. */
  connections: 300,
  connectionsMax: 500,
  messages: 10_000_000,
  hours: 730,
} as const;

export interface Offer {
  name: string;
  /** Dollars for a million messages, each stored and delivered to one device; absent where it is not sold so. */
  perMillion?: number;
  month: number;
  how: string;
}

/**
 * What the month would cost, on equal terms: each message is stored for good, numbered, and delivered to one device, and
 * both users' lists know it. Who does not store needs our table: the same writes, and reads without the two that look
 * connections up; and something that writes, which is our function behind our HTTP API.
 */
export function offers(uses: Record<OperationName, Use>): Offer[] {
  const { messages, connections, hours } = MONTH;
  const millions = messages / 1e6;
  const minutes = connections * hours * 60;
  const ours = message(uses);
  const connectionHour = total(connectionHours(uses)) / 1e6;
  const send = bill("send to one device", uses["send to one device"]);
  const storing =
    send["DynamoDB writes"] + send["DynamoDB reads"] - cost(AWS.readUnit, 2e6) + ours["first month of storage"];
  const functions = send["Lambda requests"] + send["Lambda time"] + send.logs;
  const throughOurApi = storing + functions + send["HTTP API"];
  const list = (name: string, perMillion: number, rest: number, how: string): Offer => ({
    name,
    perMillion,
    month: perMillion * millions + rest,
    how,
  });
  return [
    list(
      "Duet",
      total(ours) + cost(AWS.cloudFrontRequest, 1e6),
      connectionHour * connections * hours,
      "through CloudFront, in your account, as counted above",
    ),
    list(
      "AppSync Events + table",
      cost(AWS.appSyncEventOperation, 3e6) + storing + functions,
      cost(AWS.appSyncConnectionMinute, minutes),
      "an operation each for publishing, its handler and delivery; our function and table behind the handler",
    ),
    list(
      "Ably + table",
      cost(OTHERS.ablyMessage, 2e6) + throughOurApi,
      cost(OTHERS.ablyPackage, 1) +
        cost(OTHERS.ablyConnectionMinute, minutes) +
        cost(OTHERS.ablyChannelMinute, minutes),
      "two messages each, in and out; a channel for each connection; kept for good in our table",
    ),
    pusher(throughOurApi),
    {
      name: "Stream",
      month: cost(OTHERS.stream10kUsers, 1),
      how: `for ${MONTH.users.toLocaleString("en")} monthly users and ${MONTH.connectionsMax} at once, whatever they write; stored with them`,
    },
  ];
}

/** The smallest package in which two messages for each of ours fit, on days that are all alike. */
function pusher(storingPerMillion: number): Offer {
  const perDay = (2 * MONTH.messages) / 30;
  const isSmall = perDay <= 1e6 && MONTH.connectionsMax <= 500;
  const dollars = isSmall ? OTHERS.pusherStartup : OTHERS.pusherPro;
  const perMillion = cost(dollars, 1) / (MONTH.messages / 1e6) + storingPerMillion;
  return {
    name: "Pusher + table",
    perMillion,
    month: (perMillion * MONTH.messages) / 1e6,
    how: `${isSmall ? "Startup" : "Pro"}, of whose daily messages ${Math.round((perDay / (isSmall ? 1e6 : 4e6)) * 100)} % are used; refuses what is above; kept in our table`,
  };
}
