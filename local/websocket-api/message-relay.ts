import type { Connection } from "./connection.ts";
import { messageEvent, newId } from "./events.ts";
import { errorBody, type Gateway } from "./gateway.ts";
import { callIntegration } from "./integration.ts";
import { createRouter } from "./router.ts";

/**
 * Takes each text message to its route's function, in a call of its own that waits for no other. The function's
 * body is the answer where the route is two-way, whatever its status code; else its result is discarded. A message
 * without a route, or whose call gives no usable result, is answered with an error frame on either kind of route,
 * and the connection stays open. Never rejects.
 */
export function createMessageRelay(gateway: Gateway): (connection: Connection, body: string) => Promise<void> {
  const selectRoute = createRouter(gateway.model);

  return async (connection, body) => {
    const requestId = newId();
    const answerError = (message: string) => {
      connection.send(Buffer.from(errorBody(message, connection.client, requestId)));
    };

    const route = selectRoute(body);
    if (!route) return answerError("Forbidden");

    const event = messageEvent(gateway, connection.client, { routeKey: route.routeKey, requestId, body });
    const reply = await callIntegration(gateway, route, event);
    if (!reply.ok) return answerError(reply.message);
    if (route.twoWay && reply.payload) connection.send(reply.payload);
  };
}
