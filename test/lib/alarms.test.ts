import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { LOGGED_ERRORS, METRICS, NAMESPACE } from "../../functions/store/metric-names.ts";
import { synthesize, type Template } from "./template.ts";

const RUNBOOK = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
const TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms";

/** As GitHub makes them of headings. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("the alarms", { timeout: 120_000 }, () => {
  let duet: Template;
  beforeAll(async () => {
    duet = await synthesize({ alarmsTopic: TOPIC, runbookUrl: "https://wiki.example.com/duet" });
  });
  const alarms = () => duet.all("AWS::CloudWatch::Alarm");

  test("lead each to a heading of the runbook, and the runbook says nothing of others", () => {
    const named = alarms().map(
      ({ Properties }) =>
        /What to do: https:\/\/wiki\.example\.com\/duet#([\w-]+)$/.exec(Properties.AlarmDescription)?.[1],
    );
    expect(named.length).toBeGreaterThan(5);
    const [, below = ""] = RUNBOOK.split("\n## Alarms\n");
    expect(anchors(below.split("\n## ")[0] ?? "").sort()).toEqual(named.sort());
  });

  test("tell the topic when they go off and when it is over, and nobody where there is no topic", async () => {
    for (const { Properties } of alarms()) {
      expect(Properties.AlarmActions).toEqual([TOPIC]);
      expect(Properties.OKActions).toEqual([TOPIC]);
      expect(Properties.TreatMissingData).toBe("notBreaching");
    }
    const untold = (await synthesize()).all("AWS::CloudWatch::Alarm");
    expect(untold).toHaveLength(alarms().length);
    for (const { Properties } of untold) expect(Properties).not.toHaveProperty("AlarmActions");
  });

  test("and the dashboard read no metric of ours that nothing writes, and the dashboard shows them all", () => {
    const [dashboard] = duet.all("AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.Properties.DashboardBody).replaceAll("\\", "");
    const shown = [...body.matchAll(new RegExp(`"${NAMESPACE}","(\\w+)","service","Duet"`, "g"))].map(
      ([, name]) => name,
    );
    const written = [...Object.keys(METRICS), LOGGED_ERRORS];
    expect([...new Set(shown)].sort()).toEqual(written.sort());
    const watched = alarms().flatMap(({ Properties: { Namespace, MetricName, Metrics = [] } }) => [
      { Namespace, MetricName },
      ...Metrics.flatMap((metric: { MetricStat?: { Metric: object } }) => metric.MetricStat?.Metric ?? []),
    ]);
    const ours = watched.filter(({ Namespace }) => Namespace === NAMESPACE).map(({ MetricName }) => MetricName);
    expect(ours.sort()).toEqual(["LoggedErrors", "PushesDelivered", "PushesFailed"]);
  });

  test("count the errors of every function's log, under the name that the logs have", () => {
    const filters = duet.all("AWS::Logs::MetricFilter");
    const functions = duet.all("AWS::Lambda::Function").filter(({ id }) => id.startsWith("Functions"));
    expect(filters).toHaveLength(functions.length);
    expect(new Set(filters.map(({ Properties }) => Properties.LogGroupName.Ref)).size).toBe(functions.length);
    for (const { Properties } of functions)
      expect(Properties.Environment.Variables).toMatchObject({ POWERTOOLS_SERVICE_NAME: "Duet" });
  });
});
