import { describe, expect, test } from "vitest";
import { isSlow, type Stage } from "../stage/stage.ts";

const MINUTE_MS = 60_000;
/** Between messages, so that the connection is never idle. */
const HEARTBEAT_MS = 5 * MINUTE_MS;

/** What the gateway ends by the clock. Local and live alike, it takes as long as it says. */
export function slowEndings(stage: () => Stage): void {
  describe.skipIf(!isSlow).concurrent("the clock (CONFORMANCE_SLOW)", () => {
    test("ten minutes without a message close with 1001 Going away, and no ping comes meanwhile", {
      timeout: 12 * MINUTE_MS,
    }, async () => {
      const client = await stage().open();
      let pings = 0;
      client.socket.on("ping", () => {
        pings += 1;
      });
      const { connectionId } = (await client.ask("hello")).requestContext;
      const beganAtMs = Date.now();
      await client.ended;
      expect(Date.now() - beganAtMs).toBeGreaterThan(9.5 * MINUTE_MS);
      expect(pings).toBe(0);
      const { requestContext } = await stage().recorded(connectionId, "DISCONNECT");
      expect(requestContext).toMatchObject({ disconnectStatusCode: 1001, disconnectReason: "Going away" });
    });

    test("two hours close a connection that is in use (likely with 1001)", { timeout: 125 * MINUTE_MS }, async () => {
      const client = await stage().open();
      const heartbeat = setInterval(() => client.socket.send("beat"), HEARTBEAT_MS);
      const beganAtMs = Date.now();
      const { code } = await client.ended;
      clearInterval(heartbeat);
      expect(Date.now() - beganAtMs).toBeGreaterThan(119 * MINUTE_MS);
      expect(code).toBe(1001);
    });
  });
}
