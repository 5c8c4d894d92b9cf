import { sync } from "../domain/sync.ts";
import { parseSync } from "../protocol/wire.ts";
import { connections, conversations, world } from "../store/deps.ts";
import { count } from "../store/metrics.ts";
import { connectionOf } from "./connection.ts";
import { frameRoute } from "./frame-route.ts";

const ports = { connections: connections(), conversations: conversations(), world };

/** `{"action":"sync","since":CURSOR?}` → `{"type":"synced",…}`; also the heartbeat. */
export const handler = frameRoute(async ({ body, requestContext }) => {
  const frame = await sync(ports, { ...connectionOf(requestContext), ...parseSync(body) });
  count("SyncRows", frame.rows.length);
  return frame;
});
