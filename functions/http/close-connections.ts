import { closeConnections } from "../domain/close-connections.ts";
import { closer, connections, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { connections: connections(), closer: closer(), world };

/** `DELETE /api/connections`: closes my sockets, on every device. 200 with how many there were. */
export const handler = route(async ({ username }) => ({ status: 200, body: await closeConnections(ports, username) }));
