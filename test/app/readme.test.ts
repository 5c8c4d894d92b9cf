import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCESS, MANAGES } from "../../lib/functions.ts";
import { freePort, PROJECT, run } from "./process.ts";

const README = readFileSync(join(PROJECT, "README.md"), "utf8");

function section(heading: string): string {
  const [, below] = README.split(`\n## ${heading}\n`);
  if (below === undefined) throw new Error(`The README has no heading ${heading}`);
  return below.split("\n## ")[0] ?? "";
}

/** The `sh` blocks below a heading, in order. */
function blocks(heading: string): string[] {
  return [...section(heading).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
}

describe("the README's first conversation", { timeout: 120_000 }, () => {
  let port: number;
  let system: ReturnType<typeof run>;
  beforeAll(async () => {
    port = await freePort();
    system = run("npm", ["start", "--", "--in-memory"], { PORT: String(port) });
    await system.printed(/^Started in /m);
  });
  afterAll(async () => {
    system.child.kill("SIGTERM");
    await system.exited;
  });

  /** What a person pastes, but that port 3000 may be taken here. */
  const paste = (script: string) =>
    run("bash", ["-c", script.replaceAll("localhost:3000", `localhost:${port}`)], { PORT: String(port) });

  test("works as it stands, pasted block by block", async () => {
    const [bobListens = "", aliceWrites = "", aliceRepeats = "", ...more] = blocks("A first conversation");
    expect(more).toEqual([]);
    const bob = paste(bobListens);
    await bob.printed(/"type":"synced"/);
    const alice = paste(aliceWrites + aliceRepeats);
    expect(await alice.exited).toBe(0);
    expect(alice.output()).toMatch(
      new RegExp(
        [
          /"seq":1,"sender":"alice","recipient":"bob","text":"hi bob".*"delivered":1\}/,
          /\{"messages":\[\{.*"text":"hi bob".*\],"lastSeq":1\}/,
          /"seq":2.*"text":"once".* {2}201\n/,
          /"seq":2.*"text":"once".* {2}200\n/,
        ]
          .map(({ source }) => source)
          .join("[\\s\\S]*"),
      ),
    );
    await bob.printed(/"text":"hi bob"[\s\S]*"text":"once"/);
    bob.child.kill("SIGTERM");
    await bob.exited;
  });
});

test("the README's table of functions says what the roles allow, on tables and on open connections", () => {
  const rows = [...section("Which function may touch which table").matchAll(/^\| ([a-z-]+) \|(.*)\|$/gm)].map(
    ([, name, cells = ""]) => [name, cells.split("|").map((cell) => cell.trim())],
  );
  const tables = ["users", "avatars", "connections", "conversations", "messages"] as const;
  const manages: Partial<Record<string, string>> = MANAGES;
  const expected = Object.entries(ACCESS).map(
    ([name, access]: [string, Partial<Record<string, readonly string[]>>]) => [
      name.replace(/^.*\//, ""),
      [...tables.map((table) => access[table]?.join(", ") ?? ""), manages[name] ?? ""],
    ],
  );
  expect(rows.slice(1)).toEqual(expected);
});

test("the README's links lead to files", () => {
  const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(8);
  expect(links.filter((link) => !existsSync(join(PROJECT, link)))).toEqual([]);
});
