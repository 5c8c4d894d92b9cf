/** One event for an environment. */
export interface InvokeMessage {
  requestId: string;
  traceId: string;
  functionArn: string;
  /** Milliseconds since the epoch. */
  deadlineMs: number;
  /** JSON text. */
  event: string;
}

/**
 * What an environment reports: that its module has loaded, or how an invocation ended. `ends` is true where the
 * process exits right after the message; a `failed` before `ready` says that the module did not load.
 */
export type EnvironmentMessage =
  | { type: "ready" }
  | { type: "returned"; payload: string; peakMemoryKilobytes: number }
  | { type: "failed"; errorType: string; errorMessage: string; ends: boolean; peakMemoryKilobytes: number };
