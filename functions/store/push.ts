import type { Closer, Push } from "../domain/ports.ts";
import { AwsError, awsRequests } from "./aws-requests.ts";

/**
 * Pushes through the management API of the WebSocket API at `endpoint` (`https://{host}/{stage}`).
 * Throttling and 5xx are retried with full-jitter backoff: 3 attempts, 2 s each, so that a connection that hangs takes
 * 6 s of the send's time.
 */
export function managementApiPush(endpoint: string, log: Log): Push {
  const client = createClient(endpoint);
  return {
    async post({ connectionId, frame }) {
      const outcome = await attempt(client.send({ ...to(connectionId), method: "POST", body: frame }), (error) =>
        log("push failed", { connectionId, error }),
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
      const outcome = await attempt(client.send({ ...to(connectionId), method: "DELETE" }), (error) =>
        log("close failed", { connectionId, error }),
      );
      return outcome === "done" ? "closed" : outcome;
    },
  };
}

type Log = (message: string, about: { connectionId: string; error: Error }) => void;

function createClient(endpoint: string) {
  return awsRequests({ service: "execute-api", endpoint, connectMsMax: 1000, answerMsMax: 2000 });
}

const to = (connectionId: string) => ({
  path: `/@connections/${encodeURIComponent(connectionId)}`,
  headers: { "content-type": "application/octet-stream" },
});

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

/** Not every 410 carries a type; a malformed or foreign id is as permanent. */
function isGone(error: unknown): boolean {
  const status = error instanceof AwsError ? error.$metadata.httpStatusCode : undefined;
  return status === 410 || status === 400;
}
