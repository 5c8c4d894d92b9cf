import type { Connection, Connections, Push, World } from "./ports.ts";

/** API Gateway answers 410 also for a connection that is still opening, so a young one is not taken for dead. */
const OPENING_MS_MAX = 30_000;

/** Posts a frame to every live connection of a user, but for one; answers how many took it. Never rejects for a push. */
export async function pushToUser(
  { connections, push, world }: { connections: Connections; push: Push; world: World },
  { username, frame, except }: { username: string; frame: string; except?: string },
): Promise<number> {
  const live = await connections.live({ username, nowMs: world.nowMs() });
  const outcomes = await Promise.all(
    live
      .filter(({ connectionId }) => connectionId !== except)
      .map(async (connection) => {
        const outcome = await push.post({ connectionId: connection.connectionId, frame });
        // A record that could not be removed is found gone again by the next push, and expires by itself.
        if (outcome === "gone" && !mayBeOpening(connection, world.nowMs()))
          await connections.remove(connection).catch(() => undefined);
        return outcome;
      }),
  );
  return outcomes.filter((outcome) => outcome === "delivered").length;
}

/** Whether a connection that the gateway calls gone may in truth not be open yet. */
export function mayBeOpening({ connectedAtMs }: Connection, nowMs: number): boolean {
  return nowMs - connectedAtMs < OPENING_MS_MAX;
}
