import * as v from "valibot";
import type { Invocation, WebSocketRouteModel } from "../model.ts";
import type { Gateway } from "./gateway.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

/** A refusal by the gateway itself: a handshake ends with the status, an error frame carries the message. */
export interface Fault {
  ok: false;
  statusCode: number;
  message: string;
}

export type Reply = ({ ok: true } & v.InferOutput<typeof ProxyResult> & { payload?: Buffer }) | Fault;

const HeaderValue = v.union([v.string(), v.number(), v.boolean()]);

/**
 * What a Lambda proxy integration may return. Another key at the top makes it malformed, as a live API was seen to
 * treat `{ statusCode: 200, ConnectionId, Data }`.
 */
const ProxyResult = v.strictObject({
  statusCode: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  headers: v.nullish(v.record(v.string(), HeaderValue)),
  multiValueHeaders: v.nullish(v.record(v.string(), v.array(HeaderValue))),
  body: v.nullish(v.string()),
  isBase64Encoded: v.nullish(v.boolean()),
});

/**
 * Calls the function of a route, once. The statuses follow "Handling errors with an API Gateway API" of the Lambda
 * guide: 502 for a function that failed or answered in the wrong format, 500 for a call that Lambda refused; 504 is
 * the INTEGRATION_TIMEOUT of "Gateway response types". Never rejects.
 */
export async function callIntegration(gateway: Gateway, route: WebSocketRouteModel, event: unknown): Promise<Reply> {
  const fault = (statusCode: number, why: string, message = "Internal server error"): Fault => {
    gateway.log(`${route.routeKey}: ${why}`);
    return { ok: false, statusCode, message };
  };

  const invocation = await invokeWithin(route.timeoutMs, gateway.invoke(route.functionArn, event));
  switch (invocation.outcome) {
    case "late":
      return fault(504, `no result within the integration's ${route.timeoutMs} ms`, "Endpoint request timed out");
    case "throttled":
      return fault(500, "the function is throttled");
    case "timed-out":
      return fault(502, "the function timed out");
    case "failed":
      return fault(502, `the function failed: ${invocation.errorType}: ${invocation.errorMessage}`);
    case "returned":
      break;
  }

  const parsed = v.safeParse(ProxyResult, invocation.payload);
  if (!parsed.success) return fault(502, `not a proxy integration's result: ${v.summarize(parsed.issues)}`);
  const { body, isBase64Encoded } = parsed.output;
  const payload = body ? Buffer.from(body, isBase64Encoded ? "base64" : "utf8") : undefined;
  if (payload && payload.length > MESSAGE_BYTES_MAX) {
    return fault(502, `the body must have at most ${MESSAGE_BYTES_MAX} bytes; it has ${payload.length}`);
  }
  return { ok: true, ...parsed.output, payload };
}

/** How the invocation ended, or `late`; then it goes on, as it does on AWS, and its end is not looked at. */
export async function invokeWithin(
  timeoutMs: number,
  invocation: Promise<Invocation>,
): Promise<Invocation | { outcome: "late" }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ outcome: "late" }>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, { outcome: "late" });
  });
  try {
    return await Promise.race([invocation, late]);
  } finally {
    clearTimeout(timer);
  }
}
