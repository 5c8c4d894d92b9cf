import { CONNECTION_LIFE_MS_MAX } from "../protocol/limits.ts";
import type { Connection, Connections, Users, World } from "./ports.ts";
import { ensureUser } from "./users.ts";

/** A connection's record outlives the connection's two hours by this, so that no clock cuts it short. */
const RECORD_SLACK_MS = 5 * 60_000;

export interface OpenedConnection {
  username: string;
  connectionId: string;
  connectedAtMs: number;
  tokenExpiresAtSeconds: number;
  userAgent?: string;
}

/** Records a new connection, before it opens. A repeat is safe. */
export async function connect(
  ports: { users: Users; connections: Connections; world: World },
  opened: OpenedConnection,
): Promise<void> {
  await Promise.all([ensureUser(ports, opened.username), ports.connections.put(connectionRecord(opened))]);
}

/** What is known of a connection; it ends with the token or with the gateway's limit, whichever is first. */
export function connectionRecord(opened: OpenedConnection): Connection {
  const { username, connectionId, connectedAtMs, tokenExpiresAtSeconds, userAgent } = opened;
  const lifeEndsAtSeconds = Math.ceil((connectedAtMs + CONNECTION_LIFE_MS_MAX + RECORD_SLACK_MS) / 1000);
  return {
    username,
    connectionId,
    connectedAtMs,
    expiresAtSeconds: Math.min(tokenExpiresAtSeconds, lifeEndsAtSeconds),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}
