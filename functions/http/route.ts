import type { APIGatewayProxyEventV2WithJWTAuthorizer, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { problem, Refusal } from "../protocol/errors.ts";
import { isUsername, quote } from "../protocol/username.ts";
import { aboutRequest, usernameClaim } from "../store/deps.ts";
import { toRefusal } from "../store/faults.ts";
import { withinInvocation } from "../store/invocation.ts";

/** A request of a signed-in user. Header names are in lower case; path and query are decoded by the gateway. */
export interface Request {
  username: string;
  path: Record<string, string | undefined>;
  query: Record<string, string | undefined>;
  headers: Record<string, string | undefined>;
  /** The body as text. Refuses `invalid_body` where it is not UTF-8. */
  text(): string | undefined;
  bytes(): Uint8Array;
}

export type Answer =
  | { status: 200 | 201; body: unknown }
  | { status: 200; bytes: Uint8Array; headers: Record<string, string> };

/** Makes a Lambda handler of a route: gives it the signed-in user, and answers refusals as problem details. */
export function route(handle: (request: Request) => Promise<Answer>) {
  const claim = usernameClaim();
  return async (
    event: APIGatewayProxyEventV2WithJWTAuthorizer,
    context: Pick<Context, "getRemainingTimeInMillis">,
  ): Promise<APIGatewayProxyStructuredResultV2> => {
    const { requestId } = event.requestContext;
    aboutRequest({ requestId });
    try {
      const username = signedInUser(event.requestContext.authorizer.jwt.claims[claim], claim);
      const answer = await withinInvocation(context, () =>
        handle({
          username,
          path: event.pathParameters ?? {},
          query: event.queryStringParameters ?? {},
          headers: event.headers,
          text: () => bodyText(event),
          bytes: () => Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8"),
        }),
      );
      if ("body" in answer) return json(answer.status, "application/json", answer.body);
      const { status, headers, bytes } = answer;
      return { statusCode: status, headers, body: Buffer.from(bytes).toString("base64"), isBase64Encoded: true };
    } catch (error) {
      const refusal = toRefusal(error, requestId);
      const answer = problem(refusal, requestId);
      const { retryAfterSeconds } = refusal;
      return json(answer.status, "application/problem+json", answer, {
        ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
      });
    }
  };
}

function signedInUser(username: unknown, claim: string): string {
  if (isUsername(username)) return username;
  throw new Refusal("not_allowed", `The token's claim ${claim} is no username: ${quote(String(username))}.`);
}

/** The gateway hands a body over in base64 unless its content type says that it is text. */
function bodyText({ body, isBase64Encoded }: APIGatewayProxyEventV2WithJWTAuthorizer): string | undefined {
  if (body === undefined || !isBase64Encoded) return body;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(body, "base64"));
  } catch (cause) {
    throw new Refusal("invalid_body", "The body is not UTF-8.", { cause });
  }
}

function json(statusCode: number, contentType: string, body: unknown, headers: Record<string, string> = {}) {
  return {
    statusCode,
    headers: { "content-type": contentType, "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}
