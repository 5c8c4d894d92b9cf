import { Refusal } from "../protocol/errors.ts";
import { CONNECTION_LIFE_MS_MAX, CONNECTIONS_MAX } from "../protocol/limits.ts";
import { closeAll } from "./close-connections.ts";
import type { Closer, Connection, Connections, Users, World } from "./ports.ts";
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

/**
 * Records a new connection, before it opens. The user's oldest are closed where they are then more than
 * `CONNECTIONS_MAX`; one that could not be closed stays, until the next connection. A repeat is safe.
 */
export async function connect(
  ports: { users: Users; connections: Connections; closer: Closer; world: World },
  opened: OpenedConnection,
): Promise<void> {
  const { connections, world } = ports;
  const { username, connectionId } = opened;
  await Promise.all([ensureUser(ports, username), connections.put(connectionRecord(opened))]);
  const others = (await connections.live({ username, nowMs: world.nowMs() }))
    .filter((other) => other.connectionId !== connectionId)
    .sort((a, b) => b.connectedAtMs - a.connectedAtMs);
  await closeAll(ports, others.slice(CONNECTIONS_MAX - 1));
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

/** Refuses `token_expired`: the gateway keeps a connection open when its token ends. */
export function refuseExpired({ tokenExpiresAtSeconds }: { tokenExpiresAtSeconds: number }, nowMs: number): void {
  if (tokenExpiresAtSeconds * 1000 > nowMs) return;
  throw new Refusal(
    "token_expired",
    `The token of this connection expired at ${new Date(tokenExpiresAtSeconds * 1000).toISOString()}; ` +
      "open another with a new token.",
  );
}
