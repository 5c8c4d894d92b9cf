import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { About } from "../probe/http.ts";
import type { ManagementCall, ManagementResult } from "../probe/management.ts";
import type { ProbeRecord } from "../probe/records.ts";
import type { State } from "../probe/state.ts";
import { startLocal } from "./local.ts";
import { type Answer, type CallOptions, call } from "./request.ts";
import { type Client, type DialOptions, type Echo, open } from "./socket.ts";

const { CONFORMANCE_URL, CONFORMANCE_TOKEN, CONFORMANCE_SLOW } = process.env;

/** The suite is pointed at a stage that runs already, and knows of it only what the outside can. */
const isLive = CONFORMANCE_URL !== undefined;
/** Behaviours that take ten minutes, or two hours, are looked at too. */
export const isSlow = CONFORMANCE_SLOW === "1";

const POLL_MS = 50;
const RECORD_MS_MAX = 20_000;

/** A variable that this process has and no function may see. */
export const CANARY = "CONFORMANCE_CANARY";

/** The deployed probes, and what the tests do with them. */
export interface Stage {
  /** Base URL of the HTTP API, without a trailing slash. */
  url: string;
  token: string;
  about: About;
  /** Issues a token that expires after so many seconds; only the local issuer does. */
  issueToken?: (lifetimeSeconds: number) => Promise<string>;
  /** Requests a path of the HTTP API. */
  get(path: string, options?: CallOptions): Promise<Answer>;
  /** The event that the HTTP probe gets for a request. */
  echo(path: string, options?: CallOptions): Promise<HttpEcho>;
  /** The same with the token. */
  getGuarded(path: string, token?: string): Promise<Answer>;
  /** What the state probe tells. */
  state(query?: string, path?: string): Promise<State>;
  /** A client of the main WebSocket API, whose authorizer and `$connect` accept unless told otherwise. */
  open(query?: Record<string, string>, options?: DialOptions): Promise<Client>;
  /** The records of a subject so far. */
  records(subject: string): Promise<ProbeRecord[]>;
  /** The first record of that kind, which may still have to be made. */
  recorded<Detail = Echo>(subject: string, kind: string): Promise<Detail>;
  /** Calls @connections of the main WebSocket API. */
  manage(call: ManagementCall): Promise<ManagementResult>;
  close(): Promise<void>;
}

/** The event of an HTTP API, as far as the tests read it. */
export interface HttpEcho {
  version: string;
  routeKey: string;
  rawPath: string;
  rawQueryString: string;
  cookies?: string[] | null;
  headers: Record<string, string>;
  queryStringParameters?: Record<string, string> | null;
  pathParameters?: Record<string, string> | null;
  stageVariables?: Record<string, string> | null;
  body?: string | null;
  isBase64Encoded: boolean;
  requestContext: {
    accountId: string;
    apiId: string;
    domainName: string;
    domainPrefix: string;
    requestId: string;
    routeKey: string;
    stage: string;
    time: string;
    timeEpoch: number;
    http: { method: string; path: string; protocol: string; sourceIp: string; userAgent: string };
    authorizer?: { jwt: { claims: Record<string, string>; scopes: string[] | null } } | null;
  };
}

/** The stage that the environment names, or a local one that is started for it. */
export async function openStage(): Promise<Stage> {
  // Before anything is started, since a child process gets what is there at its start.
  process.env[CANARY] = randomUUID();
  if (!isLive) {
    const local = await startLocal({ port: 0, log: () => undefined });
    return createStage({
      ...local,
      issueToken: async (lifetimeSeconds) => {
        const body = JSON.stringify({ usernames: ["probe"], lifetimeSeconds });
        const headers = { "content-type": "application/json" };
        const answer = await call(`${local.issuer}/dev/tokens`, { method: "POST", headers, body });
        return answer.json<{ accessTokens: string[] }>().accessTokens[0] ?? "";
      },
    });
  }
  if (CONFORMANCE_TOKEN === undefined) throw new Error("CONFORMANCE_URL needs CONFORMANCE_TOKEN beside it");
  const url = (CONFORMANCE_URL ?? "").replace(/\/$/, "");
  return createStage({ url, token: CONFORMANCE_TOKEN, close: async () => undefined });
}

async function createStage(access: Pick<Stage, "url" | "token" | "close" | "issueToken">): Promise<Stage> {
  const { url, token } = access;
  const get = (path: string, options?: CallOptions) => call(url + path, options);
  const answered = await get("/about");
  if (answered.status !== 200) throw new Error(`${url}/about answered ${answered.status}: ${answered.text}`);
  const about = answered.json<About>();
  const records = async (subject: string) =>
    (await get(`/records?subject=${encodeURIComponent(subject)}`)).json<ProbeRecord[]>();

  return {
    ...access,
    about,
    get,
    records,
    async echo(path, options) {
      return (await get(path, options)).json<HttpEcho>();
    },
    getGuarded: (path, other = token) => get(path, { headers: { authorization: `Bearer ${other}` } }),
    async state(query = "", path = "/state") {
      return (await get(`${path}?${query}`)).json<State>();
    },
    open: (query, options) => open(about.main, { ...options, query: { ticket: "t", ...query } }),
    async recorded<Detail>(subject: string, kind: string) {
      const deadlineMs = Date.now() + RECORD_MS_MAX;
      for (;;) {
        const found = (await records(subject)).find((each) => each.kind === kind);
        if (found !== undefined) return found.detail as Detail;
        if (Date.now() > deadlineMs) throw new Error(`No record ${kind} of ${subject} came`);
        await delay(POLL_MS);
      }
    },
    async manage(managementCall) {
      const answer = await get("/manage", { method: "POST", headers: JSON_BODY, body: JSON.stringify(managementCall) });
      if (answer.status !== 200) throw new Error(`/manage answered ${answer.status}: ${answer.text}`);
      return answer.json<ManagementResult>();
    },
  };
}

const JSON_BODY = { "content-type": "application/json" };

/** Names what one test does, so that no other meets it. */
export function newMark(): string {
  return randomUUID();
}
