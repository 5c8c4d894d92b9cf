import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import type { Push } from "../domain/ports.ts";

/**
 * Pushes through the management API of the WebSocket API at `endpoint` (`https://{host}/{stage}`).
 * Throttling and 5xx are retried by the SDK with full-jitter backoff: 3 attempts, 2 s each, so that
 * a connection that hangs takes 6 s of the send's time.
 */
export function managementApiPush(endpoint: string, log: (message: string, error: Error) => void): Push {
  const client = new ApiGatewayManagementApiClient({
    endpoint,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  });
  return {
    async post({ connectionId, frame }) {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: frame }));
        return "delivered";
      } catch (error) {
        if (isGone(error)) return "gone";
        log("push failed", error instanceof Error ? error : new Error(String(error)));
        return "failed";
      }
    },
  };
}

/** The SDK finds the class by a header that not every 410 carries; a malformed or foreign id is as permanent. */
function isGone(error: unknown): boolean {
  if (error instanceof GoneException) return true;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === 410 || status === 400;
}
