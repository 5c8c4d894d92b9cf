import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { plot } from "../../bench/plot.ts";
import { report } from "../../bench/report.ts";
import type { Run } from "../../bench/results.ts";
import { faultsOf } from "../../bench/results.ts";

const bench = (name: string) => fileURLToPath(new URL(`../../bench/${name}.ts`, import.meta.url));

function run(name: string, ...options: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", bench(name), ...options], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe("the commands", () => {
  test.each(["run", "cost", "cold", "scale"])(
    "%s says how it is used, and refuses an option that it has not",
    async (name) => {
      expect(await run(name, "--help")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^npm run bench/) });
      const refused = await run(name, "--nonsense");
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(refused.stderr).toMatch(/^Unknown option '--nonsense'\..* --help says what there is\.\n$/);
    },
  );

  test.each([
    ["run", ["--seconds", "0"], '--seconds takes a whole number from 1 to 600; got "0".'],
    ["run", ["--seconds", "1.5"], '--seconds takes a whole number from 1 to 600; got "1.5".'],
    ["run", ["--only", "nothing"], 'or rate or senders; got "nothing".'],
    ["cold", ["--runs", "many"], '--runs takes a whole number from 1 to 200; got "many".'],
  ])("%s %j is refused with what it takes and what it got", async (name, options, message) => {
    expect(await run(name, ...options)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

const QUANTILES = { count: 3, p50: 10, p95: 20, p99: 30, max: 40 };
const OTHERS = { loadAverage: 0.1, share: 0, most: [] };
const RUN: Run = {
  beganAt: "2026-01-01T00:00:00.000Z",
  commit: "abc1234",
  machine: { cores: 2, model: "A <fast> one", memoryGigabytes: 24, node: "v20.0.0", system: "linux x64" },
  before: OTHERS,
  seconds: 1,
  results: [
    {
      kind: "rate",
      name: "rate-20",
      load: 20,
      seconds: 1,
      sent: 3,
      perSecond: 3,
      answerMs: QUANTILES,
      deliveryMs: QUANTILES,
      refused: { 503: 1 },
      faults: { lost: 0, doubled: 0, outOfOrder: 0 },
      pushes: { repeated: 0, overtaken: 0 },
      cpuMs: { gateway: 1.5 },
      others: OTHERS,
    },
    {
      kind: "sockets",
      name: "sockets",
      opened: 3,
      perSecond: 3,
      openMs: QUANTILES,
      cpuMs: {},
      others: { ...OTHERS, share: 0.5 },
    },
  ],
};

describe("what a run is told as", () => {
  test("a table with the original's figures, and what else the machine did", () => {
    const text = report(RUN);
    expect(text).toContain("delivery p50 14.6, p99 36");
    expect(text).toContain("3 accepted/s (original 180)");
    expect(text).toMatch(/not quiet, .*\n {2}sockets: load 0\.10, other programs 50 %/);
  });

  test("a plot, with marks in what was read from the machine escaped", () => {
    expect(plot(RUN)).toMatch(/^<svg [^>]*><title>[^<]+<\/title><rect[^>]*fill="#ffffff"\/>/);
    expect(plot(RUN)).toContain("A &#60;fast&#62; one");
    expect(plot({ ...RUN, results: [] })).toContain("</svg>");
  });

  test("a fault anywhere shows, and counts", () => {
    const [first] = RUN.results;
    if (first === undefined || first.kind !== "rate") throw new Error("The first result is a rate");
    const results = [{ ...first, faults: { lost: 1, doubled: 0, outOfOrder: 1 } }];
    expect(faultsOf(RUN)).toBe(0);
    expect(faultsOf({ results })).toBe(2);
    expect(report({ ...RUN, results })).toContain("1 lost, 0 doubled, 1 out of order");
  });
});
