import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** Of these one has to fail. */
const SEEDS = 2_000;

/** What somebody might do to the code; the simulation has to notice each. */
const MUTATIONS: { what: string; file: string; find: string; replace: string }[] = [
  {
    what: "connections looked up before the write",
    file: "functions/domain/send.ts",
    find: "  const { message, repeated, sender: user } = await append(ports, draft, tail);\n",
    replace: `  const [a, b] = await Promise.all([recipient, sender].map((username) =>
    ports.connections.live({ username, nowMs: ports.world.nowMs() })));
  const connections = { ...ports.connections, live: async ({ username }: { username: string }) => (username === recipient ? a : b) ?? [] };
  ports = { ...ports, connections };
  const { message, repeated, sender: user } = await append(ports, draft, tail);
`,
  },
  {
    what: "a plain read of the connections",
    file: "test/simulation/memory-stores.ts",
    find: 'return items.query(username, "consistent").filter(({ expiresAtSeconds })',
    replace: 'return items.query(username, "eventual").filter(({ expiresAtSeconds })',
  },
  {
    what: "a plain read of the rows in a sync",
    file: "test/simulation/memory-stores.ts",
    find: 'const rows = items.query(username, "consistent");',
    replace: 'const rows = items.query(username, "eventual");',
  },
  {
    what: "a 410 that always deletes the connection",
    file: "functions/domain/push-to-user.ts",
    find: 'outcome === "gone" && !mayBeOpening(connection, world.nowMs())',
    replace: 'outcome === "gone"',
  },
  {
    what: "the condition of the put dropped",
    file: "test/simulation/memory-stores.ts",
    find: 'if (there !== undefined && !("fence" in there && there.fence === over)) return false;',
    replace: "void there; void over;",
  },
  {
    what: "a repeat that does not push",
    file: "functions/domain/send.ts",
    find: "  const [delivered] = await Promise.all([",
    replace: "  if (repeated) return { message, repeated, delivered: 0 };\n  const [delivered] = await Promise.all([",
  },
  {
    what: "a sync that does not write the connection again",
    file: "functions/domain/sync.ts",
    find: "  if (!(await ports.connections.has(request))) await ports.connections.put(connectionRecord(request));\n",
    replace: "  void connectionRecord;\n",
  },
  {
    what: "a block without a fence",
    file: "functions/domain/block.ts",
    find: "  const conversation = conversationKey([username, peer]);\n",
    replace: "  if (username !== peer) return;\n  const conversation = conversationKey([username, peer]);\n",
  },
];

/** The simulation's output on a copy of the sources, changed or not. */
function simulate(change?: (typeof MUTATIONS)[number]): { status: number | null; output: string } {
  const copy = mkdtempSync(join(tmpdir(), "duet-mutation-"));
  try {
    for (const folder of ["functions", "client", "test/simulation"])
      cpSync(join(PROJECT, folder), join(copy, folder), { recursive: true });
    writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
    symlinkSync(join(PROJECT, "node_modules"), join(copy, "node_modules"));
    if (change !== undefined) {
      const source = readFileSync(join(copy, change.file), "utf8");
      expect(source.split(change.find), `${change.file} has the text once`).toHaveLength(2);
      writeFileSync(
        join(copy, change.file),
        source.replace(change.find, () => change.replace),
      );
    }
    const seeds = change === undefined ? "20" : String(SEEDS);
    const run = spawnSync("node", ["--import", "tsx", join(copy, "test/simulation/run.ts"), "1", seeds], {
      cwd: copy,
      encoding: "utf8",
    });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

test("the copy that is not changed passes", { timeout: 120_000 }, () => {
  expect(simulate()).toMatchObject({ status: 0 });
});

test.each(MUTATIONS)("the simulation notices: $what", { timeout: 300_000 }, (change) => {
  const { status, output } = simulate(change);
  expect(output).toMatch(/^Error: Seed \d+/);
  expect(status).toBe(1);
});
