import { once } from "node:events";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { startSystem } from "./system.ts";

const HELP = `node --import tsx bench/sockets.ts [--count N]

Opens N sockets (2000), each of a user of its own, and says how fast that went and what the runtime's process takes.
`;
const { values } = parseArgs({
  options: { count: { type: "string", default: "2000" }, help: { type: "boolean", default: false } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const count = Number(values.count);
/** Handshakes at a time. */
const AT_ONCE = 16;

const system = await startSystem();
const megabytes = () => Math.round((system.processes()[0]?.residentBytes ?? 0) / 2 ** 20);
const tokens = await system.tokens(Array.from({ length: count }, (_, index) => `user${index}`));
const before = megabytes();
const sockets: WebSocket[] = [];
let peak = before;
const beganAtMs = performance.now();
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
      const socket = new WebSocket(`${system.baseUrl.replace("http", "ws")}/ws`, ["duet.v1", `bearer.${token}`]);
      await once(socket, "open");
      sockets.push(socket);
      if (sockets.length % 100 === 0) {
        peak = Math.max(peak, megabytes());
        if (process.stdout.isTTY) process.stdout.write(`\r${sockets.length} sockets, ${megabytes()} MB `);
      }
    }
  }),
);
const seconds = (performance.now() - beganAtMs) / 1000;
const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
process.stdout.write(
  `\r${open} sockets open, ${(count / seconds).toFixed(0)} a second; the runtime's process: ` +
    `${before} MB before, ${peak} MB at most, ${megabytes()} MB with all\n`,
);
for (const socket of sockets) socket.terminate();
await system.close();
