import { Duration } from "aws-cdk-lib";
import { Alarm, type IMetric, MathExpression, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { DuetMetrics } from "./metrics.ts";

/** Over which an alarm adds up, unless it says otherwise. */
const PERIOD = Duration.minutes(5);

export interface AlarmsProps {
  metrics: DuetMetrics;
  /** Absent: nobody is told. */
  topic?: ITopic;
  /** Where the runbook can be read; each alarm leads to its own heading. */
  runbookUrl: string;
}

interface AlarmProps {
  /** The heading in docs/operations.md that says what to do, as an anchor. */
  runbook: string;
  what: string;
  metric: IMetric;
  /** At this value or above. */
  threshold: number;
  /** Periods in a row. */
  periods?: number;
}

/**
 * What somebody has to be woken for. Few, since each is paid for by the metric, and since what fails shows at the APIs:
 * a function that crashes or is late is a 5xx there. Where there is no data, nothing has happened.
 */
export class Alarms extends Construct {
  readonly alarms: Alarm[] = [];
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    const { metrics } = props;
    this.#add("HttpErrors", {
      runbook: "http-errors",
      what: "The HTTP API has answered 5xx at least 5 times in 5 minutes.",
      metric: metrics.httpApi("5xx", { statistic: "Sum", period: PERIOD }),
      threshold: 5,
    });
    this.#add("SocketErrors", {
      runbook: "socket-errors",
      what: "The WebSocket API has failed at least 5 times in 5 minutes to call a function, or on its own.",
      metric: sum([
        metrics.webSocketApi("IntegrationError", { statistic: "Sum", period: PERIOD }),
        metrics.webSocketApi("ExecutionError", { statistic: "Sum", period: PERIOD }),
      ]),
      threshold: 5,
    });
    this.#add("LoggedErrors", {
      runbook: "logged-errors",
      what: "A function has logged an error: a bug, or a fault of what it depends on that did not pass.",
      metric: metrics.loggedErrors({ statistic: "Sum", period: PERIOD }),
      threshold: 1,
    });
    this.#add("Throttles", {
      runbook: "throttles",
      what: "Lambda has refused to start functions of this account, of which none has concurrency of its own.",
      metric: new Metric({ namespace: "AWS/Lambda", metricName: "Throttles", statistic: "Sum", period: PERIOD }),
      threshold: 1,
    });
    this.#add("SlowSends", {
      runbook: "slow-sends",
      what: "For 15 minutes one send in a hundred has taken a second or more.",
      metric: metrics.function("http/post-message", "Duration", { statistic: "p99", period: PERIOD }),
      threshold: 1000,
      periods: 3,
    });
    this.#add("PushFailures", {
      runbook: "push-failures",
      what: "For 15 minutes one push in twenty has failed; those who missed one have it with their next sync.",
      metric: pushFailurePercent(metrics),
      threshold: 5,
      periods: 3,
    });
    this.#add("TableThrottles", {
      runbook: "table-throttles",
      what: "DynamoDB has refused requests because there were too many for a table, or for one key of it.",
      metric: sum(metrics.tableThrottles({ statistic: "Sum", period: PERIOD })),
      threshold: 1,
    });
  }

  #add(id: string, { runbook, what, metric, threshold, periods = 1 }: AlarmProps): void {
    const { topic, runbookUrl } = this.#props;
    const alarm = new Alarm(this, id, {
      alarmDescription: `${what} What to do: ${runbookUrl}#${runbook}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (topic !== undefined) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    this.alarms.push(alarm);
  }
}

/** A metric with no data in a period counts as 0. An alarm takes at most 10 metrics. */
function sum(metrics: Metric[]): MathExpression {
  const named = metrics.map((metric, index) => [`m${index}`, metric] as const);
  return new MathExpression({
    expression: named.map(([name]) => `FILL(${name}, 0)`).join(" + "),
    usingMetrics: Object.fromEntries(named),
    period: PERIOD,
  });
}

/** 0 while fewer than 5 have failed, so that one socket of a quiet night wakes nobody. */
function pushFailurePercent(metrics: DuetMetrics): MathExpression {
  const options = { statistic: "Sum", period: PERIOD };
  return new MathExpression({
    expression: "IF(failed >= 5, 100 * failed / (failed + FILL(delivered, 0)), 0)",
    usingMetrics: {
      failed: metrics.own("PushesFailed", options),
      delivered: metrics.own("PushesDelivered", options),
    },
    period: PERIOD,
  });
}
