import { isServerError, isThrottlingError, isTransientError } from "@smithy/core/retry";
import { Refusal } from "../protocol/errors.ts";
import { logger } from "./deps.ts";
import { LateError } from "./invocation.ts";

/**
 * What the caller is told of an error that reached the edge of a function: a refusal as it is; a fault that passes by
 * itself, after the SDK's own retries, as `unavailable`; and all else, which is a bug, as `internal` with no detail.
 * The last two are logged with the request's id.
 */
export function toRefusal(error: unknown, requestId: string): Refusal {
  if (error instanceof Refusal) return error;
  const refusal = faultOf(error);
  logger.error(refusal.code, { requestId, error: error instanceof Error ? error : new Error(String(error)) });
  return refusal;
}

function faultOf(cause: unknown): Refusal {
  if (cause instanceof LateError || (cause instanceof Error && isPassing(cause)))
    return new Refusal(
      "unavailable",
      "Storage did not answer in time; send it again, with the same id if it had one.",
      {
        cause,
        retryAfterSeconds: 1,
      },
    );
  return new Refusal("internal", "Something failed on the server; the requestId finds it in the logs.", { cause });
}

function isPassing(error: Error): boolean {
  const sdkError = error as Parameters<typeof isServerError>[0];
  return isTransientError(sdkError) || isThrottlingError(sdkError) || isServerError(sdkError);
}
