import type { APIGatewayProxyResultV2 } from "aws-lambda";
import { connect } from "../domain/connect.ts";
import { aboutRequest, closer, connections, users, world } from "../store/deps.ts";
import { connectionOf, type WebSocketRequestContext } from "./connection.ts";
import { type Headers, offeredSubprotocols, SUBPROTOCOL } from "./subprotocol.ts";

const ports = { users: users(), connections: connections(), closer: closer(), world };

/** `$connect`: records the connection; the gateway opens the socket when this has answered 200. */
export async function handler(event: {
  headers?: Headers;
  requestContext: WebSocketRequestContext;
}): Promise<APIGatewayProxyResultV2> {
  const { requestId, connectionId } = event.requestContext;
  aboutRequest({ requestId, connectionId });
  const offered = offeredSubprotocols(event.headers ?? {});
  if (offered.length > 0 && !offered.includes(SUBPROTOCOL)) return { statusCode: 400 };
  await connect(ports, connectionOf(event.requestContext));
  return {
    statusCode: 200,
    ...(offered.length > 0 ? { headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL } } : {}),
  };
}
