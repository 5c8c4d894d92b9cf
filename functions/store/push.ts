import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import type { Closer, Push } from "../domain/ports.ts";

/**
 * Pushes through the management API of the WebSocket API at `endpoint` (`https://{host}/{stage}`).
 * Throttling and 5xx are retried by the SDK with full-jitter backoff: 3 attempts, 2 s each, so that
 * a connection that hangs takes 6 s of the send's time.
 */
export function managementApiPush(endpoint: string, log: Log): Push {
  const client = createClient(endpoint);
  return {
    async post({ connectionId, frame }) {
      const outcome = await attempt(
        client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: frame })),
        (error) => log("push failed", { connectionId, error }),
      );
      return outcome === "done" ? "delivered" : outcome;
    },
  };
}

/** Closes connections through the same API, with the same bounds. */
export function managementApiCloser(endpoint: string, log: Log): Closer {
  const client = createClient(endpoint);
  return {
    async close(connectionId) {
      const outcome = await attempt(client.send(new DeleteConnectionCommand({ ConnectionId: connectionId })), (error) =>
        log("close failed", { connectionId, error }),
      );
      return outcome === "done" ? "closed" : outcome;
    },
  };
}

type Log = (message: string, about: { connectionId: string; error: Error }) => void;

function createClient(endpoint: string): ApiGatewayManagementApiClient {
  return new ApiGatewayManagementApiClient({
    endpoint,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  });
}

async function attempt(sent: Promise<unknown>, onFailure: (error: Error) => void): Promise<"done" | "gone" | "failed"> {
  try {
    await sent;
    return "done";
  } catch (error) {
    if (isGone(error)) return "gone";
    onFailure(error instanceof Error ? error : new Error(String(error)));
    return "failed";
  }
}

/** The SDK finds the class by a header that not every 410 carries; a malformed or foreign id is as permanent. */
function isGone(error: unknown): boolean {
  if (error instanceof GoneException) return true;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === 410 || status === 400;
}
