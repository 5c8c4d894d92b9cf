import { Refusal } from "../protocol/errors.ts";
import type { Closer, Connection, Connections, World } from "./ports.ts";
import { mayBeOpening } from "./push-to-user.ts";

type Ports = { connections: Connections; closer: Closer; world: World };

/**
 * Closes every connection of the user: signs out everywhere. Answers how many there were.
 * A repeat is safe. Refuses `unavailable` when some could not be closed.
 */
export async function closeConnections(ports: Ports, username: string): Promise<{ closed: number }> {
  const live = await ports.connections.live({ username, nowMs: ports.world.nowMs() });
  const open = await closeAll(ports, live);
  if (open > 0)
    throw new Refusal("unavailable", `${open} of ${live.length} connections could not be closed; ask again.`, {
      retryAfterSeconds: 1,
    });
  return { closed: live.length };
}

/**
 * Closes and forgets connections. A young one that is gone may still be opening, and stays recorded.
 * Answers how many could not be closed.
 */
export async function closeAll({ connections, closer, world }: Ports, closing: Connection[]): Promise<number> {
  const outcomes = await Promise.all(
    closing.map(async (connection) => {
      const outcome = await closer.close(connection.connectionId);
      if (outcome === "failed" || (outcome === "gone" && mayBeOpening(connection, world.nowMs()))) return outcome;
      await connections.remove(connection);
      return outcome;
    }),
  );
  return outcomes.filter((outcome) => outcome === "failed").length;
}
