import type { HttpApi, WebSocketApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Metric, type MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import { FilterPattern, MetricFilter } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { LOGGED_ERRORS, type MetricName, NAMESPACE } from "../functions/store/metric-names.ts";
import type { FunctionName, Functions } from "./functions.ts";
import type { Tables } from "./tables.ts";
import { STAGE_NAME } from "./websocket-api.ts";

export interface DuetMetricsProps {
  service: string;
  functions: Functions;
  tables: Tables;
  httpApi: HttpApi;
  webSocketApi: WebSocketApi;
}

/** Where each metric is to be found, for the alarms and the dashboard. */
export class DuetMetrics extends Construct {
  readonly #props: DuetMetricsProps;

  constructor(scope: Construct, id: string, props: DuetMetricsProps) {
    super(scope, id);
    this.#props = props;
    // In our own lines only: Lambda logs an error too when the authorizer refuses a token, which is no fault.
    for (const [name, { logGroup }] of props.functions.entries())
      new MetricFilter(this, `${name.replace(/^.*\//, "")}-errors`, {
        logGroup,
        filterPattern: FilterPattern.literal('{ $.level = "ERROR" && $.service = * }'),
        metricNamespace: NAMESPACE,
        metricName: LOGGED_ERRORS,
        metricValue: "1",
        dimensions: { service: "$.service" },
      });
  }

  /** What the functions themselves write. */
  own(metricName: MetricName, options: MetricOptions): Metric {
    return this.#ofService(metricName, options);
  }

  loggedErrors(options: MetricOptions): Metric {
    return this.#ofService(LOGGED_ERRORS, options);
  }

  function(name: FunctionName, metricName: string, options: MetricOptions): Metric {
    return this.#props.functions.get(name).metric(metricName, options);
  }

  httpApi(metricName: string, options: MetricOptions): Metric {
    return this.#props.httpApi.metric(metricName, options);
  }

  /** Source: API Gateway developer guide, "Monitor WebSocket API execution with CloudWatch metrics". */
  webSocketApi(metricName: string, options: MetricOptions): Metric {
    const dimensionsMap = { ApiId: this.#props.webSocketApi.apiId, Stage: STAGE_NAME };
    return new Metric({ namespace: "AWS/ApiGateway", metricName, dimensionsMap, ...options });
  }

  /** Refused reads and writes of each table. */
  tableThrottles(options: MetricOptions): Metric[] {
    const { users, avatars, connections, conversations, messages } = this.#props.tables;
    return [users, avatars, connections, conversations, messages].flatMap((table) =>
      ["ReadThrottleEvents", "WriteThrottleEvents"].map((metricName) => table.metric(metricName, options)),
    );
  }

  #ofService(metricName: string, options: MetricOptions): Metric {
    return new Metric({
      namespace: NAMESPACE,
      metricName,
      dimensionsMap: { service: this.#props.service },
      ...options,
    });
  }
}
