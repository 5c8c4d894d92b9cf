import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { command } from "./options.ts";
import { scaleTables, withTables } from "./scale-tables.ts";

const DOCUMENT = fileURLToPath(new URL("../docs/scale.md", import.meta.url));

const HELP = `npm run bench:scale -- [options]

Prints what a million and a hundred million users who are connected at once ask of AWS, and what it costs, by arithmetic.

  --write        puts the tables into docs/scale.md; a test holds it against them
  --help
`;

await command(HELP, { write: { type: "boolean", default: false } }, ({ write }) => {
  if (write === true) writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, "utf8")));
  else process.stdout.write(`${scaleTables()}\n`);
});
