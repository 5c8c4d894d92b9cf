import { once } from "node:events";
import { WebSocket } from "ws";
import { watchCpu } from "./cpu.ts";
import { progress } from "./progress.ts";
import { quantiles } from "./quantiles.ts";
import type { SocketsResult } from "./results.ts";
import type { System } from "./system.ts";

/** Handshakes at a time. */
const AT_ONCE = 16;

/** Opens sockets, each of a user who was never there before, for so many seconds or until `max` are open. */
export async function acceptSockets(
  system: System,
  { seconds, max }: { seconds: number; max: number },
): Promise<SocketsResult> {
  progress("sockets", "tokens");
  const tokens = await system.tokens(Array.from({ length: max }, (_, index) => `socket${index}`));
  const url = `${system.baseUrl.replace("http", "ws")}/ws`;
  const sockets: WebSocket[] = [];
  const times: number[] = [];
  const cpuUsed = watchCpu(system);
  const beganAtMs = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() - beganAtMs < seconds * 1000) {
        const token = tokens.pop();
        if (token === undefined) return;
        const askedAtMs = performance.now();
        const socket = new WebSocket(url, ["duet.v1", `bearer.${token}`]);
        await once(socket, "open");
        times.push(performance.now() - askedAtMs);
        sockets.push(socket);
        if (sockets.length % 50 === 0) progress("sockets", `${sockets.length} open`);
      }
    }),
  );
  const tookMs = performance.now() - beganAtMs;
  const cpuMs = cpuUsed(sockets.length);
  const opened = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  const closed = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.close();
  await Promise.all(closed);
  return {
    kind: "sockets",
    name: "sockets",
    opened,
    perSecond: (opened * 1000) / tookMs,
    openMs: quantiles(times),
    cpuMs,
  };
}
