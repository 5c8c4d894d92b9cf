import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { synthesize } from "../../local/synthesize.ts";

/** An app that writes its context, and a line into `runs` each time. */
const APP = `
  import { appendFileSync, writeFileSync } from "node:fs";
  appendFileSync("runs", "x");
  writeFileSync(process.env.CDK_OUTDIR + "/context.json", process.env.CDK_CONTEXT_JSON);
`;

let projectDirectory: string;
let cacheDirectory: string;
beforeEach(() => {
  projectDirectory = mkdtempSync(join(tmpdir(), "project ü-"));
  cacheDirectory = join(projectDirectory, "cache");
  write("cdk.json", JSON.stringify({ app: "node app.mjs", context: { flag: true } }));
  write("app.mjs", APP);
});
afterEach(() => rmSync(projectDirectory, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(projectDirectory, name), text);
const runs = () => readFileSync(join(projectDirectory, "runs"), "utf8").length;
const run = (context: Record<string, string> = {}) =>
  synthesize({ projectDirectory, inputs: ["app.mjs"], context, cacheDirectory });

describe("synthesize", () => {
  test("runs the app with the context of cdk.json and of the caller", async () => {
    const outDirectory = await run({ issuer: "x" });
    expect(JSON.parse(readFileSync(join(outDirectory, "context.json"), "utf8"))).toEqual({
      "aws:cdk:enable-path-metadata": true,
      flag: true,
      issuer: "x",
    });
  });

  test("runs the app again only when an input, its command or the context has changed", async () => {
    const first = await run();
    expect(await run()).toBe(first);
    expect(runs()).toBe(1);
    expect(await run({ issuer: "x" })).not.toBe(first);
    write("app.mjs", `${APP}\n// changed`);
    expect(await run()).not.toBe(first);
    write("cdk.json", JSON.stringify({ app: "node ./app.mjs" }));
    await run();
    expect(runs()).toBe(4);
  });

  test("several at once make one assembly, and leave no half of another", async () => {
    const made = await Promise.all([run(), run(), run()]);
    expect(new Set(made).size).toBe(1);
    expect(readdirSync(cacheDirectory)).toHaveLength(1);
  });

  test("says what the app said when it failed, and keeps nothing of it", async () => {
    write("app.mjs", 'console.error("there is no such thing"); process.exit(3);');
    await expect(run()).rejects.toThrow(/node app\.mjs\) ended with exit status 3:\nthere is no such thing/);
    expect(readdirSync(cacheDirectory)).toEqual([]);
  });

  test("deletes what was not used for a week", async () => {
    const old = await run();
    const aWeekAgo = Date.now() / 1000 - 7 * 24 * 3600 - 60;
    utimesSync(old, aWeekAgo, aWeekAgo);
    const wanted = await run({ issuer: "x" });
    expect(readdirSync(cacheDirectory).map((name) => join(cacheDirectory, name))).toEqual([wanted]);
  });

  test("does not mind that another run has deleted what was unused before it", async () => {
    await run();
    // A name that is listed and leads nowhere is what is left between the two looks.
    symlinkSync(join(cacheDirectory, "deleted"), join(cacheDirectory, "unused"));
    await run();
    expect(runs()).toBe(1);
  });

  test.each([
    [undefined, /cdk\.json must be JSON that can be read: ENOENT/],
    ['{"app":', /cdk\.json must be JSON that can be read: Unexpected end/],
    ["null", /cdk\.json must name the "app" to run/],
    ["{}", /cdk\.json must name the "app" to run.*app/s],
    ['{"app":["node"]}', /cdk\.json must name the "app" to run.*app/s],
    ['{"app":"node app.mjs","context":3}', /may have a "context".*context/s],
  ])("says what is wrong with the cdk.json %s", async (content, message) => {
    if (content === undefined) rmSync(join(projectDirectory, "cdk.json"));
    else write("cdk.json", content);
    await expect(run()).rejects.toThrow(message);
  });
});
