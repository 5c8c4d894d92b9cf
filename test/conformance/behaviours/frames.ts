import { createHash } from "node:crypto";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { Client } from "../stage/socket.ts";
import type { Stage } from "../stage/stage.ts";

const FRAME_BYTES_MAX = 32 * 1024;
const MESSAGE_BYTES_MAX = 128 * 1024;

/** What a client may put on the wire. */
export function frames(stage: () => Stage): void {
  /** Sends a message in fragments of these lengths. */
  const send = ({ socket }: Client, lengths: number[]) => {
    for (const [index, length] of lengths.entries())
      socket.send("x".repeat(length), { fin: index === lengths.length - 1 });
  };
  /** What the probe says of a long body. */
  const digested = (length: number) =>
    `${length} characters, ${createHash("sha256").update("x".repeat(length)).digest("hex")}`;
  const fullFrames = Array.from({ length: MESSAGE_BYTES_MAX / FRAME_BYTES_MAX }, () => FRAME_BYTES_MAX);

  describe.concurrent("frames of a client", () => {
    test("a binary message closes the connection with 1003", async () => {
      const client = await stage().open();
      client.socket.send(Buffer.from("binary"));
      expect((await client.ended).code).toBe(1003);
    });

    test("a frame of 32 KB is delivered", async () => {
      const client = await stage().open();
      send(client, [FRAME_BYTES_MAX]);
      expect((await client.next()).body).toBe(digested(FRAME_BYTES_MAX));
      client.socket.close();
    });

    test("a frame of one byte more closes the connection with 1009", async () => {
      const client = await stage().open();
      send(client, [FRAME_BYTES_MAX + 1]);
      expect((await client.ended).code).toBe(1009);
    });

    test("the limit counts bytes, not characters", async () => {
      const client = await stage().open();
      client.socket.send("ü".repeat(FRAME_BYTES_MAX / 2 + 1));
      expect((await client.ended).code).toBe(1009);
    });

    test("two fragments of 20 KB are one message", async () => {
      const client = await stage().open();
      send(client, [20_480, 20_480]);
      expect((await client.next()).body).toBe(digested(40_960));
      client.socket.close();
    });

    test("a message of 128 KB in frames of 32 KB is delivered", async () => {
      const client = await stage().open();
      send(client, fullFrames);
      expect((await client.next()).body).toBe(digested(MESSAGE_BYTES_MAX));
      client.socket.close();
    });

    test("a message of one byte more closes the connection with 1009", async () => {
      const client = await stage().open();
      send(client, [...fullFrames, 1]);
      expect((await client.ended).code).toBe(1009);
    });

    test("a ping is answered with its own bytes (likely)", async () => {
      const client = await stage().open();
      const pong = once(client.socket, "pong", { signal: AbortSignal.timeout(10_000) });
      client.socket.ping("beat");
      expect(String((await pong)[0])).toBe("beat");
      client.socket.close();
    });
  });
}
