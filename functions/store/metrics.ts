/**
 * What is counted and timed, around the ports: so the domain knows nothing of it. The values go to CloudWatch as one
 * line of the log an invocation (embedded metric format), which costs no request.
 */
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { Connections, Conversations, MessageLog, Push, Standings } from "../domain/ports.ts";
import { whenAnswered } from "./invocation.ts";
import { METRICS, type MetricName, NAMESPACE } from "./metric-names.ts";

let metrics: Metrics | undefined;

/** Adds a value to what this invocation writes. */
export function count(name: MetricName, value = 1): void {
  if (metrics === undefined) {
    const created = new Metrics({ namespace: NAMESPACE });
    whenAnswered(() => {
      if (created.hasStoredMetrics()) created.publishStoredMetrics();
    });
    metrics = created;
  }
  metrics.addMetric(name, METRICS[name], value);
}

/** Runs a step and notes how long it took, also where it failed. */
async function timed<T>(name: MetricName, step: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  try {
    return await step();
  } finally {
    count(name, Math.round(performance.now() - startedAtMs));
  }
}

export function meteredLog(log: MessageLog): MessageLog {
  return {
    ...log,
    tail: (...options) => timed("TailLatency", () => log.tail(...options)),
    async append(...options) {
      const outcome = await timed("AppendLatency", () => log.append(...options));
      if (outcome === "taken") count("AppendConflicts");
      return outcome;
    },
  };
}

export function meteredStandings(standings: Standings): Standings {
  return { read: (options) => timed("StandingLatency", () => standings.read(options)) };
}

export function meteredConversations(conversations: Conversations): Conversations {
  return { ...conversations, advance: (options) => timed("RowsLatency", () => conversations.advance(options)) };
}

export function meteredConnections(connections: Connections): Connections {
  return { ...connections, live: (options) => timed("ConnectionsLatency", () => connections.live(options)) };
}

const PUSH_OUTCOMES = { delivered: "PushesDelivered", gone: "PushesGone", failed: "PushesFailed" } as const;

export function meteredPush(push: Push): Push {
  return {
    async post(options) {
      const outcome = await timed("PushLatency", () => push.post(options));
      count(PUSH_OUTCOMES[outcome]);
      return outcome;
    },
  };
}
