import { connections } from "../store/deps.ts";
import { usernameOf, type WebSocketRequestContext } from "./connection.ts";

const table = connections();

/** `$disconnect`, which the gateway calls on a best-effort basis: forgets the connection. */
export async function handler(event: { requestContext: WebSocketRequestContext }): Promise<{ statusCode: number }> {
  const { connectionId, authorizer } = event.requestContext;
  await table.remove({ username: usernameOf(authorizer), connectionId });
  return { statusCode: 200 };
}
