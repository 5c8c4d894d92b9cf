import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { meet, record } from "./records.ts";

const FOREVER_MS = 60_000;
const TICK_MS = 10;

/** Module state: it lives as long as the execution environment does. */
const environmentId = randomUUID();
let invocations = 0;
let running = 0;
let ticks = 0;

/** What every answer tells of the environment that gave it. */
export interface State {
  environmentId: string;
  /** How many invocations this environment has begun, this one included. */
  invocations: number;
  /** How many of them run now, this one included. */
  running: number;
  /** How often the timer that `do=tick` starts has fired. */
  ticks: number;
  environment: Record<string, string>;
  context: Record<string, unknown>;
}

/** Tells what it knows of its execution environment; the query parameter `do` says what else it does. */
export const handler = async (event: APIGatewayProxyEventV2, context: Context): Promise<unknown> => {
  invocations += 1;
  running += 1;
  try {
    const { do: wanted, mark = "", name = "", other = "" } = event.queryStringParameters ?? {};
    if (wanted === "tick") setInterval(() => ticks++, TICK_MS).unref();
    if (wanted === "meet") await meet({ place: mark, name, other });
    if (wanted === "hang") {
      await record(mark, { kind: "hang", detail: environmentId });
      await delay(FOREVER_MS);
      await record(mark, { kind: "survived", detail: environmentId });
    }
    return tell(context);
  } finally {
    running -= 1;
  }
};

function tell(context: Context) {
  const state: State = {
    environmentId,
    invocations,
    running,
    ticks,
    environment: publicEnvironment(),
    context: { ...context, remainingMs: context.getRemainingTimeInMillis() },
  };
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(state) };
}

/** On AWS the credentials are real ones, and the suite has no business with them: only that they are there. */
function publicEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).map(([name, value = ""]): [string, string] =>
    /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/.test(name) ? [name, "hidden"] : [name, value],
  );
  return Object.fromEntries(entries);
}
