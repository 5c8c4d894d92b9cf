import type { APIGatewayEventWebsocketRequestContextV2 } from "aws-lambda";
import type { OpenedConnection } from "../domain/connect.ts";
import { isUsername } from "../protocol/username.ts";

/**
 * What the authorizer found out, which the gateway hands to every route of the connection. `principalId` is the username,
 * percent-encoded: no document says that other characters than ASCII come through.
 */
export interface AuthorizerContext {
  principalId: string;
  /** Seconds since the epoch. To `$disconnect` the gateway was seen to give the `principalId` alone. */
  tokenExpiresAtSeconds?: string;
}

export type WebSocketRequestContext = APIGatewayEventWebsocketRequestContextV2 & {
  authorizer?: AuthorizerContext;
  identity?: { userAgent?: string };
};

const USER_AGENT_LENGTH_MAX = 256;

/** The connection that an event came on. Throws where the authorizer's context is missing: that is a fault of the stack. */
export function connectionOf(context: WebSocketRequestContext): OpenedConnection {
  const { authorizer, connectionId, connectedAt, identity } = context;
  const tokenExpiresAtSeconds = Number(authorizer?.tokenExpiresAtSeconds);
  if (!Number.isSafeInteger(tokenExpiresAtSeconds)) throw new Error("The event does not say when the token expires");
  return {
    username: usernameOf(authorizer),
    connectionId,
    connectedAtMs: connectedAt,
    tokenExpiresAtSeconds,
    ...(identity?.userAgent === undefined ? {} : { userAgent: identity.userAgent.slice(0, USER_AGENT_LENGTH_MAX) }),
  };
}

/** Whose connection it is. Throws where the authorizer's context is missing. */
export function usernameOf(authorizer: AuthorizerContext | undefined): string {
  const username = decodeURIComponent(authorizer?.principalId ?? "");
  if (!isUsername(username)) throw new Error("The event does not carry the authorizer's principalId");
  return username;
}
