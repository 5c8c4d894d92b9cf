import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { isUsername } from "../protocol/username.ts";
import { audience, issuer, logger, usernameClaim } from "../store/deps.ts";
import { createTokenVerifier, InvalidTokenError } from "../store/token-verifier.ts";
import type { AuthorizerContext } from "./connection.ts";
import { bearerToken } from "./subprotocol.ts";

const claim = usernameClaim();
const verify = createTokenVerifier({ issuer: issuer(), audience: audience() });

/**
 * Decides on a handshake. A missing or bad token is 401, a good one that names no user of ours 403, and a failure to
 * tell 500: the gateway makes 401 of an error that says exactly `Unauthorized`, 403 of a deny, 500 of anything else.
 * Source: "Control access to WebSocket APIs with Lambda REQUEST authorizers", API Gateway developer guide.
 */
export async function handler(event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
  const token = bearerToken(event.headers ?? {});
  if (token === undefined) throw new Error("Unauthorized");
  const payload = await verify(token).catch((cause: unknown) => {
    if (cause instanceof InvalidTokenError) throw new Error("Unauthorized", { cause });
    const { requestId, connectionId } = event.requestContext;
    logger.error("token not verified", { requestId, connectionId, error: cause as Error });
    throw cause;
  });
  // The HTTP API hands numbers over as text, so that a numeric claim is a name there too.
  const claimed = payload[claim];
  const username = typeof claimed === "number" ? String(claimed) : claimed;
  if (!isUsername(username)) return { principalId: "nobody", policyDocument: policy("Deny", event.methodArn) };
  return {
    principalId: encodeURIComponent(username),
    policyDocument: policy("Allow", event.methodArn),
    context: { tokenExpiresAtSeconds: String(payload.exp) } satisfies Omit<AuthorizerContext, "principalId">,
  };
}

function policy(Effect: "Allow" | "Deny", Resource: string): APIGatewayAuthorizerResult["policyDocument"] {
  return { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect, Resource }] };
}
