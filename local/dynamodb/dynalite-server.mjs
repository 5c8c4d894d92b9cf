// @ts-check
/** Serves dynalite on a free port of loopback, prints the address, and keeps its data in the directory given, if any. */
import dynalite from "dynalite";

const [directory] = process.argv.slice(2);
const server = dynalite({ path: directory, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
server.listen(0, "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`${address}:${port}`);
});
process.once("SIGTERM", () => server.close(() => process.exit()));
