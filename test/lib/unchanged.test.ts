import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { synthesize } from "../../local/synthesize.ts";
import { readTemplate } from "./template.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = ["bin", "lib", "functions", "client", "web", "docs", "cdk.json", "package.json", "tsconfig.json"];

/** The project at another path: what is deployed may not depend on where it was made. */
const copy = mkdtempSync(join(tmpdir(), "duet-copy-"));
for (const source of SOURCES) cpSync(join(PROJECT, source), join(copy, source), { recursive: true });
symlinkSync(join(PROJECT, "node_modules"), join(copy, "node_modules"));
afterAll(() => rmSync(copy, { recursive: true }));

/** The resources of a new synthesis of what stands in a directory. */
async function resourcesOf(projectDirectory: string) {
  const cacheDirectory = mkdtempSync(join(copy, "synth-"));
  const outDirectory = await synthesize({ projectDirectory, inputs: ["lib"], context: {}, cacheDirectory });
  return readTemplate(outDirectory, "Duet").resources;
}

describe("a deployment", { timeout: 240_000 }, () => {
  test("of what is deployed already changes nothing; of a function's code, that function and no other", async () => {
    const before = await resourcesOf(PROJECT);
    expect(await resourcesOf(copy)).toEqual(before);

    appendFileSync(join(copy, "functions/http/get-me.ts"), 'console.log("Something new.");\n');
    const after = await resourcesOf(copy);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    const changed = Object.keys(before).filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
    expect(changed).toEqual([expect.stringMatching(/^FunctionsGetMeFunction[0-9A-F]{8}$/)]);
    const [id = ""] = changed;
    const { Code, ...unchanged } = after[id]?.Properties ?? {};
    expect(before[id]?.Properties).toMatchObject(unchanged);
    expect(before[id]?.Properties.Code).not.toEqual(Code);
  });
});
