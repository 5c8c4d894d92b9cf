// @ts-check
/** Serves dynalite on a free port of loopback, prints the address, and keeps its data in the directory given, if any. */
import dynalite from "dynalite";

/** The name, or the address, that a program on this machine has for it. */
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost)(:\d+)?$/i;

const [directory] = process.argv.slice(2);
const server = dynalite({ path: directory, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
// dynalite itself answers the pages of every origin. A page of another site names it as the origin; one that has its
// own name resolve to loopback is an origin of its own, and is known by the host.
const [serve] = server.listeners("request");
server.removeAllListeners("request").on("request", (request, response) => {
  const { origin, host = "" } = request.headers;
  if (origin === undefined && LOOPBACK_HOST.test(host)) serve.call(server, request, response);
  else response.writeHead(403, { connection: "close" }).end();
});
server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`${address}:${port}`);
});
process.once("SIGTERM", () => server.close(() => process.exit()));
