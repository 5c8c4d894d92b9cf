import { CONNECTION_LIFE_MS_MAX } from "../functions/protocol/limits.ts";
import { backoffMs } from "./backoff.ts";

/** A sync at least so often: API Gateway closes a connection that is idle for 10 min. */
export const HEARTBEAT_MS = 8 * 60_000;
/** A sync that is not answered by then tells that the socket is dead, though nobody has closed it. */
export const SYNC_ANSWER_MS_MAX = 10_000;
/** A socket that is not open and in step by then is given up. */
export const CONNECT_MS_MAX = 30_000;
/** The next socket is opened so long before the present one ends, and up to twice as long. */
export const RENEW_AHEAD_MS = 60_000;
/** Between two of them, also where the app gives the same token again. */
const RENEW_PAUSE_MS_MIN = 1_000;
/** Without a network, as the device says, which may be wrong, another attempt is made about so often. */
export const NO_NETWORK_RETRY_MS = 60_000;
/** A socket that has lasted so long did not fail. */
const GOOD_MS_MIN = 30_000;

/** What the client is doing about its socket: one state at a time. A `line` is one socket, by its number. */
export type SessionState =
  | { at: "offline"; failures: number; retryAtMs: number; isChecked: boolean }
  /** Asks over HTTP whether the token is good: a browser is not told why a handshake was refused. */
  | { at: "checking"; failures: number; isAfterHandshake: boolean }
  | { at: "connecting"; line: number; failures: number; giveUpAtMs: number }
  | {
      at: "online";
      line: number;
      failures: number;
      sinceMs: number;
      syncAtMs: number;
      /** `Infinity` unless a sync waits for its answer. */
      answerByMs: number;
      renewAtMs: number;
      /** The socket that is to take the place of the present one. */
      next: { line: number; giveUpAtMs: number } | undefined;
    }
  | { at: "signed-out" }
  | { at: "closed" };

export type SessionEvent =
  | { type: "start" }
  | { type: "close" }
  | { type: "signed-out" }
  | { type: "network"; isOnline: boolean }
  /** The token is good, as the server said over HTTP. */
  | { type: "checked" }
  | { type: "unreachable" }
  /** A sync was answered to its end; the socket is good until `endsAtMs`. */
  | { type: "synced"; line: number; endsAtMs: number }
  /** A sync was answered in part, and asked to go on. */
  | { type: "answered"; line: number }
  | { type: "sync-failed"; line: number }
  | { type: "token-ended"; line: number }
  /** The socket is closed, or could not be opened. */
  | { type: "ended"; line: number; wasOpen: boolean }
  /** It is worth trying at once: the device woke up, or the app says so. */
  | { type: "sync" }
  /** Something hints that the socket is dead. */
  | { type: "doubt" }
  /** The time that `dueAtMs` named has come. */
  | { type: "time" };

/** What has to be done about a change of state, in this order. */
export type SessionEffect =
  | { do: "check" }
  | { do: "open"; line: number }
  | { do: "sync"; line: number }
  /** The network that the socket was on is gone. */
  | { do: "doubt" }
  | { do: "hang-up"; line: number };

export interface StepContext {
  nowMs: number;
  random(): number;
  /** A number that no socket has had. */
  newLine(): number;
}

type Step = { state: SessionState; effects: SessionEffect[] };

/** The state after an event, and what is to be done. Pure: what has no part in the present state changes nothing. */
export function step(state: SessionState, event: SessionEvent, context: StepContext): Step {
  const stay: Step = { state, effects: [] };
  if (state.at === "closed") return stay;
  switch (event.type) {
    case "close":
      return { state: { at: "closed" }, effects: hangUp(state) };
    case "signed-out":
      return { state: { at: "signed-out" }, effects: hangUp(state) };
    case "start":
      return state.at === "offline" || state.at === "signed-out" ? check(0) : askSync(state, context);
    case "network":
      return event.isOnline ? tryNow(state, context) : loseNetwork(state, context);
    case "sync":
      return tryNow(state, context);
    case "doubt":
      return askSync(state, context);
    case "checked":
      return state.at === "checking" ? checked(state, context) : stay;
    case "unreachable":
      return state.at === "checking" ? backOff(state.failures + 1, context, false) : stay;
    case "time":
      return atTime(state, context);
    default:
      return lineEvent(state, event, context);
  }
}

/** When the event `time` is to come. */
export function dueAtMs(state: SessionState): number {
  switch (state.at) {
    case "offline":
      return state.retryAtMs;
    case "connecting":
      return state.giveUpAtMs;
    case "online":
      return Math.min(state.syncAtMs, state.answerByMs, state.next?.giveUpAtMs ?? state.renewAtMs);
    default:
      return Number.POSITIVE_INFINITY;
  }
}

type LineEvent = Extract<SessionEvent, { line: number }>;

function lineEvent(state: SessionState, event: LineEvent, context: StepContext): Step {
  if (state.at === "connecting" && event.line === state.line) return connecting(state, event, context);
  if (state.at === "online" && event.line === state.line) return online(state, event, context);
  if (state.at === "online" && event.line === state.next?.line) return renewing(state, event, context);
  return { state, effects: [] };
}

function connecting(state: At<"connecting">, event: LineEvent, context: StepContext): Step {
  const { line, failures } = state;
  switch (event.type) {
    case "synced":
      return { state: goOnline(line, failures, event.endsAtMs, context), effects: [] };
    case "answered":
      return { state: { ...state, giveUpAtMs: context.nowMs + CONNECT_MS_MAX }, effects: [] };
    case "sync-failed":
      return also(hangUp(state), backOff(failures + 1, context));
    case "token-ended":
      return also(hangUp(state), check(failures));
    case "ended":
      return event.wasOpen ? backOff(failures + 1, context) : check(failures + 1, true);
  }
}

function online(state: At<"online">, event: LineEvent, context: StepContext): Step {
  const { nowMs, random } = context;
  switch (event.type) {
    case "synced":
      return {
        state: { ...state, answerByMs: Number.POSITIVE_INFINITY, syncAtMs: nextSyncMs(event.endsAtMs, context) },
        effects: [],
      };
    case "answered":
      return { state: { ...state, answerByMs: nowMs + SYNC_ANSWER_MS_MAX }, effects: [] };
    case "sync-failed": {
      const syncAtMs = nowMs + 500 + 4_500 * random();
      return { state: { ...state, answerByMs: Number.POSITIVE_INFINITY, syncAtMs }, effects: [] };
    }
    case "token-ended":
      return also(hangUp(state), check(0));
    case "ended":
      return lose(state, context);
  }
}

/** Events of the socket that is to take the place of the present one. */
function renewing(state: At<"online">, event: LineEvent, context: StepContext): Step {
  const { line } = event;
  switch (event.type) {
    case "synced":
      return {
        state: goOnline(line, 0, event.endsAtMs, context),
        effects: [{ do: "hang-up", line: state.line }],
      };
    case "answered":
      return { state: { ...state, next: { line, giveUpAtMs: context.nowMs + CONNECT_MS_MAX } }, effects: [] };
    case "sync-failed":
    case "token-ended":
      return also([{ do: "hang-up", line }], { state: renewLater(state, context), effects: [] });
    case "ended":
      return { state: renewLater(state, context), effects: [] };
  }
}

function atTime(state: SessionState, context: StepContext): Step {
  const { nowMs } = context;
  if (state.at === "offline" && nowMs >= state.retryAtMs)
    return state.isChecked ? connect(state.failures, context) : check(state.failures);
  if (state.at === "connecting" && nowMs >= state.giveUpAtMs)
    return also([{ do: "hang-up", line: state.line }], backOff(state.failures + 1, context));
  if (state.at !== "online") return { state, effects: [] };
  if (nowMs >= state.answerByMs)
    return also([{ do: "hang-up", line: state.line }, { do: "doubt" }], lose(state, context));
  if (state.next !== undefined && nowMs >= state.next.giveUpAtMs)
    return also([{ do: "hang-up", line: state.next.line }], { state: renewLater(state, context), effects: [] });
  if (state.next === undefined && nowMs >= state.renewAtMs) {
    const line = context.newLine();
    const renewing = { ...state, next: { line, giveUpAtMs: nowMs + CONNECT_MS_MAX } };
    return also(
      [{ do: "open", line }],
      nowMs >= state.syncAtMs ? askSync(renewing, context) : { state: renewing, effects: [] },
    );
  }
  return nowMs >= state.syncAtMs ? askSync(state, context) : { state, effects: [] };
}

type At<Name extends SessionState["at"]> = Extract<SessionState, { at: Name }>;

function check(failures: number, isAfterHandshake = false): Step {
  return { state: { at: "checking", failures, isAfterHandshake }, effects: [{ do: "check" }] };
}

/** The token is good now. If a handshake failed all the same, more than once, it has another reason. */
function checked({ failures, isAfterHandshake }: At<"checking">, context: StepContext): Step {
  return isAfterHandshake && failures > 1 ? backOff(failures, context) : connect(failures, context);
}

function connect(failures: number, { nowMs, newLine }: StepContext): Step {
  const line = newLine();
  return {
    state: { at: "connecting", line, failures, giveUpAtMs: nowMs + CONNECT_MS_MAX },
    effects: [{ do: "open", line }],
  };
}

function backOff(failures: number, { nowMs, random }: StepContext, isChecked = true): Step {
  const retryAtMs = nowMs + backoffMs(failures, random);
  return { state: { at: "offline", failures, retryAtMs, isChecked }, effects: [] };
}

function goOnline(line: number, failures: number, endsAtMs: number, context: StepContext): At<"online"> {
  const { nowMs, random } = context;
  // A token of a few seconds is renewed in time too.
  const aheadMs = Math.min(RENEW_AHEAD_MS, (endsAtMs - nowMs) / 4) * (1 + random());
  return {
    at: "online",
    line,
    failures,
    sinceMs: nowMs,
    syncAtMs: nextSyncMs(endsAtMs, context),
    answerByMs: Number.POSITIVE_INFINITY,
    renewAtMs: Math.max(Math.min(endsAtMs, nowMs + CONNECTION_LIFE_MS_MAX) - aheadMs, nowMs + RENEW_PAUSE_MS_MIN),
    next: undefined,
  };
}

/** The present socket is gone: the next takes its place if there is one, else another has to be opened. */
function lose(state: At<"online">, context: StepContext): Step {
  const { nowMs } = context;
  const failures = nowMs - state.sinceMs < GOOD_MS_MIN ? state.failures + 1 : 0;
  if (state.next === undefined) return backOff(failures, context);
  return { state: { at: "connecting", failures, ...state.next }, effects: [] };
}

function renewLater(state: At<"online">, { nowMs, random }: StepContext): At<"online"> {
  return { ...state, next: undefined, renewAtMs: nowMs + 5_000 + 10_000 * random() };
}

function loseNetwork(state: SessionState, { nowMs, random }: StepContext): Step {
  if (state.at === "signed-out") return { state, effects: [] };
  const isChecked = state.at === "connecting" || state.at === "online" || (state.at === "offline" && state.isChecked);
  const retryAtMs = nowMs + NO_NETWORK_RETRY_MS * (0.5 + random());
  return { state: { at: "offline", failures: 0, retryAtMs, isChecked }, effects: hangUp(state) };
}

function tryNow(state: SessionState, context: StepContext): Step {
  if (state.at === "offline") return state.isChecked ? connect(state.failures, context) : check(state.failures);
  return askSync(state, context);
}

function askSync(state: SessionState, { nowMs, random }: StepContext): Step {
  // One that waits for its answer will do.
  if (state.at !== "online" || state.answerByMs !== Number.POSITIVE_INFINITY) return { state, effects: [] };
  return {
    state: { ...state, answerByMs: nowMs + SYNC_ANSWER_MS_MAX, syncAtMs: nowMs + heartbeatMs(random) },
    effects: [{ do: "sync", line: state.line }],
  };
}

/** With the heartbeat, or when the token has ended: the answer says so, where the renewal has come to nothing. */
function nextSyncMs(endsAtMs: number, { nowMs, random }: StepContext): number {
  return Math.min(nowMs + heartbeatMs(random), Math.max(endsAtMs + 500, nowMs + 5_000));
}

/** 7 to 8 min, so that not all clients ask at once. */
function heartbeatMs(random: () => number): number {
  return HEARTBEAT_MS * (1 - random() / 8);
}

function hangUp(state: SessionState): SessionEffect[] {
  const lines = state.at === "connecting" ? [state.line] : state.at === "online" ? [state.line, state.next?.line] : [];
  return lines.flatMap((line) => (line === undefined ? [] : [{ do: "hang-up" as const, line }]));
}

function also(effects: SessionEffect[], then: Step): Step {
  return { state: then.state, effects: [...effects, ...then.effects] };
}
