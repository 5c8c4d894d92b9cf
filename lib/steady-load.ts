import { Billing, Capacity } from "aws-cdk-lib/aws-dynamodb";

/** Sends a second, of all users together, between which provisioned capacity follows the load. */
export interface SteadyLoad {
  /** What is paid for at any hour. A whole number of at least 1. */
  sendsPerSecondMin: number;
  /** What it can rise to. A whole number, not below `sendsPerSecondMin`. */
  sendsPerSecondMax: number;
}

/** What a send uses of the tables it writes to (docs/performance.md). Those that it only reads stay on demand. */
export const UNITS_PER_SEND = {
  messages: { read: 1, write: 1 },
  conversations: { read: 1, write: 2 },
} as const;

/** Room for read markers, syncs and pages of the log, of which there are about as many as sends. */
const ROOM = 2;

/** Of the capacity that there is, how much is used when it has followed the load. */
export const USE_PERCENT = 70;

/** On demand, unless a steady load is known. Throws where that is no range of whole numbers. */
export function billingOf(table: keyof typeof UNITS_PER_SEND, load: SteadyLoad | undefined): Billing {
  if (load === undefined) return Billing.onDemand();
  const { sendsPerSecondMin: min, sendsPerSecondMax: max } = load;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 1 || max < min)
    throw new Error(`A steady load is a range of whole numbers from 1 on, such as 5 to 200; got ${min} to ${max}`);
  const capacity = (units: number) =>
    Capacity.autoscaled({
      minCapacity: min * units,
      maxCapacity: max * units * ROOM,
      targetUtilizationPercent: USE_PERCENT,
    });
  const { read, write } = UNITS_PER_SEND[table];
  return Billing.provisioned({ readCapacity: capacity(read), writeCapacity: capacity(write) });
}
