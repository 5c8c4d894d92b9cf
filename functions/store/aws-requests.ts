import { text } from "node:stream/consumers";
import { Sha256 } from "@smithy/core/checksum";
import { HttpRequest } from "@smithy/core/protocols";
import { isThrottlingError, isTransientError, StandardRetryStrategy } from "@smithy/core/retry";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { SignatureV4, type SignatureV4Init } from "@smithy/signature-v4";

/** Where a service of AWS is, and as whom it is asked. What is absent is what Lambda's environment says. */
export interface AwsEndpoint {
  /** With the path that comes before every request's. */
  endpoint: string;
  region?: string;
  /** Lambda sets them anew for each environment, which they outlive. */
  credentials?: SignatureV4Init["credentials"];
}

export interface AwsRequest {
  method: "POST" | "DELETE";
  /** Encoded, after the endpoint's. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** An answer with an error's status, with the names of its members that the SDK's classifying functions look at. */
export class AwsError extends Error {
  readonly $metadata: { httpStatusCode: number; requestId?: string };

  constructor(options: { name: string; message: string; status: number; requestId?: string }) {
    const { name, message, status, requestId } = options;
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode: status, ...(requestId === undefined ? {} : { requestId }) };
  }
}

/** A passing fault is tried again so often, with the SDK's backoff. */
const ATTEMPTS_MAX = 3;

/**
 * Signed requests to one service of AWS, by the parts that the SDK's clients are made of: signature, sockets that are
 * kept, bounds of time, retries. The clients themselves are twice a function's whole bundle, most of it for reading
 * configuration that Lambda does not have, and take three times as long for a request (docs/performance.md).
 *
 * Resolves with the body of an answer below 300. Rejects with `AwsError`, or with what broke the connection, or a
 * `TimeoutError`, after at most 3 attempts. `beforeAttempt` may throw, which ends it.
 */
export function awsRequests({
  service,
  endpoint,
  region = process.env.AWS_REGION ?? "",
  credentials = environmentCredentials,
  connectMsMax,
  answerMsMax,
  beforeAttempt = () => undefined,
}: AwsEndpoint & {
  service: "dynamodb" | "execute-api";
  connectMsMax: number;
  answerMsMax: number;
  beforeAttempt?: () => void;
}) {
  const { protocol, hostname, port, pathname } = new URL(endpoint);
  const base = pathname.replace(/\/$/, "");
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const retries = new StandardRetryStrategy({ maxAttempts: ATTEMPTS_MAX, baseDelay: RETRY_MS_FIRST });
  const http = new NodeHttpHandler({
    connectionTimeout: connectMsMax,
    requestTimeout: answerMsMax,
    throwOnRequestTimeout: true,
  });

  async function attempt({ method, path, headers, body }: AwsRequest): Promise<string> {
    beforeAttempt();
    const request = new HttpRequest({
      protocol,
      hostname,
      ...(port === "" ? {} : { port: Number(port) }),
      method,
      path: base + path,
      headers: {
        host: port === "" ? hostname : `${hostname}:${port}`,
        ...headers,
        ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      },
      body,
    });
    const { response } = await http.handle((await signer.sign(request)) as HttpRequest);
    const answer = await text(response.body);
    if (response.statusCode < 300) return answer;
    throw toError(answer, response);
  }

  return {
    async send(request: AwsRequest): Promise<string> {
      let token = await retries.acquireInitialRetryToken("");
      for (;;) {
        try {
          const answer = await attempt(request);
          retries.recordSuccess(token);
          return answer;
        } catch (error) {
          const errorType = retriedAs(error);
          if (errorType === undefined) throw error;
          const next = await retries.refreshRetryTokenForRetry(token, { errorType }).catch(() => undefined);
          if (next === undefined) throw error;
          token = next;
        }
      }
    },
    destroy: () => http.destroy(),
  };
}

/** Full jitter below this, doubled with each attempt, as the SDK has it for DynamoDB; a throttled request waits for longer. */
const RETRY_MS_FIRST = 25;

async function environmentCredentials() {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN } = process.env;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  };
}

function retriedAs(error: unknown): "THROTTLING" | "TRANSIENT" | undefined {
  if (!(error instanceof Error)) return undefined;
  const known = error as Parameters<typeof isThrottlingError>[0];
  if (isThrottlingError(known)) return "THROTTLING";
  return isTransientError(known) ? "TRANSIENT" : undefined;
}

/**
 * The error's name is in a header, or in the body of the protocol awsJson1_0, with a namespace before or an address behind.
 * Source: Smithy, "AWS JSON 1.0 protocol", "Operation error serialization".
 */
function toError(body: string, { statusCode, headers }: { statusCode: number; headers: Record<string, string> }) {
  const { __type, message, Message } = parse(body);
  const type = headers["x-amzn-errortype"] ?? String(__type ?? "");
  const requestId = headers["x-amzn-requestid"];
  return new AwsError({
    name: type.replace(/:.*$/, "").replace(/^.*#/, "") || `Status${statusCode}`,
    message: String(message ?? Message ?? `The service answered ${statusCode}`),
    status: statusCode,
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function parse(body: string): { __type?: unknown; message?: unknown; Message?: unknown } {
  try {
    return (JSON.parse(body) as object | null) ?? {};
  } catch {
    return {};
  }
}
