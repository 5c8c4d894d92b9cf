import type { APIGatewayEventWebsocketRequestContextV2 } from "aws-lambda";
import type { OpenedConnection } from "../domain/connect.ts";
import { isUsername } from "../protocol/username.ts";

/** What the authorizer found out. The gateway hands it to every route of the connection, as strings. */
export interface AuthorizerContext {
  username: string;
  tokenExpiresAtSeconds: string;
}

export type WebSocketRequestContext = APIGatewayEventWebsocketRequestContextV2 & {
  authorizer?: unknown;
  identity?: { userAgent?: string };
};

const USER_AGENT_LENGTH_MAX = 256;

/** The connection that an event came on. Throws where the authorizer's context is missing: that is a fault of the stack. */
export function connectionOf({
  authorizer,
  connectionId,
  connectedAt,
  identity,
}: WebSocketRequestContext): OpenedConnection {
  const { username, tokenExpiresAtSeconds } = (authorizer ?? {}) as Partial<Record<keyof AuthorizerContext, unknown>>;
  if (!isUsername(username) || !Number.isSafeInteger(Number(tokenExpiresAtSeconds)))
    throw new Error("The event does not carry the authorizer's context");
  return {
    username,
    connectionId,
    connectedAtMs: connectedAt,
    tokenExpiresAtSeconds: Number(tokenExpiresAtSeconds),
    ...(identity?.userAgent === undefined ? {} : { userAgent: identity.userAgent.slice(0, USER_AGENT_LENGTH_MAX) }),
  };
}
