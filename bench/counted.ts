import type { OperationName } from "./operations.ts";

type Units = { read: number; write: number; frames: number; invocations: number; dynamoDbRequests: number };

/**
 * What one operation takes, as `npm run bench:cost` counts it; a test counts it again. A message has 176 code points, and
 * its sender has a socket, which needs no echo.
 */
export const COUNTED: Record<OperationName, Units> = {
  "send to one device": { dynamoDbRequests: 7, write: 3, read: 5, frames: 1, invocations: 1 },
  "send to three devices": { dynamoDbRequests: 7, write: 3, read: 5, frames: 3, invocations: 1 },
  sync: { dynamoDbRequests: 2, write: 0, read: 2, frames: 2, invocations: 1 },
  "list of 20": { dynamoDbRequests: 3, write: 0, read: 12.5, frames: 0, invocations: 1 },
  "read marker": { dynamoDbRequests: 5, write: 2, read: 3, frames: 2, invocations: 1 },
  connect: { dynamoDbRequests: 3, write: 1, read: 1.5, frames: 0, invocations: 2 },
  disconnect: { dynamoDbRequests: 1, write: 1, read: 0, frames: 0, invocations: 1 },
};

/** Dollars for a million, as the same command prints them; the test allows for the length of log lines. */
export const DOLLARS = { message: 5.79, cloudFront: 1, connectionHour: 38.26 } as const;
