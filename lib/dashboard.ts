import { Duration } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type MetricOptions,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { DuetMetrics } from "./metrics.ts";

const SUM: MetricOptions = { statistic: "Sum", period: Duration.minutes(1) };
const P99: MetricOptions = { statistic: "p99", period: Duration.minutes(1) };

/** One page: are messages stored, do they arrive, how long does each step take, and what refuses. */
export class DuetDashboard extends Construct {
  constructor(scope: Construct, id: string, { metrics, alarms }: { metrics: DuetMetrics; alarms: Alarm[] }) {
    super(scope, id);
    const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12, height: 6 });
    new Dashboard(this, "Dashboard", {
      defaultInterval: Duration.hours(3),
      widgets: [
        [new AlarmStatusWidget({ title: "Alarms", alarms, width: 24, height: 3 })],
        [
          graph("Messages", [
            metrics.own("MessagesAccepted", SUM),
            metrics.own("MessagesRepeated", SUM),
            metrics.own("AppendConflicts", SUM),
          ]),
          graph("Pushes", [
            metrics.own("PushesDelivered", SUM),
            metrics.own("PushesGone", SUM),
            metrics.own("PushesFailed", SUM),
          ]),
        ],
        [
          graph("Steps of a send, p99 in ms", [
            metrics.own("TailLatency", P99),
            metrics.own("StandingLatency", P99),
            metrics.own("AppendLatency", P99),
            metrics.own("RowsLatency", P99),
            metrics.own("ConnectionsLatency", P99),
            metrics.own("PushLatency", P99),
          ]),
          graph("Functions, p99 in ms", [
            metrics.function("http/post-message", "Duration", P99),
            metrics.function("websocket/sync", "Duration", P99),
            metrics.function("websocket/connect", "Duration", P99),
            metrics.function("websocket/authorize", "Duration", P99),
          ]),
        ],
        [
          graph("HTTP API", [metrics.httpApi("Count", SUM), metrics.httpApi("4xx", SUM), metrics.httpApi("5xx", SUM)]),
          graph("WebSocket API", [
            metrics.webSocketApi("ConnectCount", SUM),
            metrics.webSocketApi("MessageCount", SUM),
            metrics.webSocketApi("ClientError", SUM),
            metrics.webSocketApi("IntegrationError", SUM),
            metrics.webSocketApi("ExecutionError", SUM),
          ]),
        ],
        [
          graph("Syncs: rows given", [metrics.own("SyncRows", SUM)]),
          graph("Errors and refusals", [metrics.loggedErrors(SUM), ...metrics.tableThrottles(SUM)]),
        ],
      ],
    });
  }
}
