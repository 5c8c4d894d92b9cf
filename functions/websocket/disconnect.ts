import { connections } from "../store/deps.ts";
import { connectionOf, type WebSocketRequestContext } from "./connection.ts";

const table = connections();

/** `$disconnect`, which the gateway calls on a best-effort basis: forgets the connection. */
export async function handler(event: { requestContext: WebSocketRequestContext }): Promise<{ statusCode: number }> {
  await table.remove(connectionOf(event.requestContext));
  return { statusCode: 200 };
}
