/**
 * Every metric that the functions write, with its unit. The dashboard and the alarms read them by these names.
 * Each has one dimension, `service`, which tells one Duet in an account from another.
 */
export const METRICS = {
  /** Messages that were stored, each once. */
  MessagesAccepted: "Count",
  /** Sends that were answered with what was stored before. */
  MessagesRepeated: "Count",
  /** Rounds of a race for a number of a log that were lost, and tried again. */
  AppendConflicts: "Count",
  PushesDelivered: "Count",
  PushesGone: "Count",
  PushesFailed: "Count",
  /** Rows in a sync's answer. */
  SyncRows: "Count",
  /** How long the steps of a send take, each with its retries. */
  TailLatency: "Milliseconds",
  StandingLatency: "Milliseconds",
  AppendLatency: "Milliseconds",
  RowsLatency: "Milliseconds",
  ConnectionsLatency: "Milliseconds",
  PushLatency: "Milliseconds",
} as const;

export type MetricName = keyof typeof METRICS;

export const NAMESPACE = "Duet";

/** What a metric filter counts in the functions' logs: lines of the level ERROR. Needs no code in any function. */
export const LOGGED_ERRORS = "LoggedErrors";
