import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requestTokens } from "../local/identity/request-tokens.ts";
import { runUntilEnded } from "../local/run.ts";
import { type Runtime, type RuntimeOptions, startRuntime } from "../local/runtime.ts";
import { synthesize } from "../local/synthesize.ts";
import { watchSources } from "../local/watch.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** What the template depends on. */
const INPUTS = ["bin/duet.ts", "lib", "functions", "client", "web", "docs", "cdk.json", "package-lock.json"];

/** They exist from the start, so that the line which is printed works when it is pasted. */
const DEMO_USERS = ["alice", "bob"];

export interface DuetOptions extends Omit<RuntimeOptions, "outDirectory" | "onStorageLost"> {
  /** False turns the per-sender limits off. */
  limits: boolean;
  /** CDK context: what `cdk synth -c KEY=VALUE` takes. */
  context: Record<string, string>;
}

/** The local system with Duet on it; the caller closes it. `onStorageLost` is called when storage ends by itself. */
export function startDuet(options: DuetOptions & Pick<RuntimeOptions, "onStorageLost">): Promise<Runtime> {
  const { limits, context, ...runtimeOptions } = options;
  return startRuntime({ ...runtimeOptions, outDirectory: synthesizeDuet(contextOf(options)) });
}

function contextOf({ limits, context }: Pick<DuetOptions, "limits" | "context">): Record<string, string> {
  return { ...context, ...(limits ? {} : { limits: "off" }) };
}

/** Duet's cloud assembly for a CDK context. */
export async function synthesizeDuet(context: Record<string, string> = {}): Promise<string> {
  return synthesize({
    projectDirectory: PROJECT,
    inputs: INPUTS,
    context,
    cacheDirectory: join(PROJECT, ".duet/synth"),
  });
}

/** Starts Duet, says so on standard output, and stays until a signal or a fault ends it with all that it started. */
export async function runDuet({ watch, ...options }: DuetOptions & { watch: boolean }): Promise<void> {
  const runtime = await runUntilEnded((onStorageLost) => startDuet({ ...options, onStorageLost }));
  const { baseUrl, storage, milestones, app } = runtime;
  if (app.userPools.length > 0) await createUsers(baseUrl, DEMO_USERS);
  process.stdout.write(banner({ baseUrl, storage, embeddedIssuer: app.userPools.length > 0 }));
  if (watch) await reloadOnChange(runtime, options);
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  process.stdout.write(
    `Started in ${seconds(performance.now())} s: process ${seconds(milestones.beganAtMs)}, ` +
      `storage and template ${seconds(milestones.assemblyMs)}, tables and APIs ` +
      `${seconds(milestones.readyMs - milestones.assemblyMs)}, first calls ` +
      `${seconds(performance.now() - milestones.beganAtMs - milestones.readyMs)}\n`,
  );
}

/** Serves what the sources have become, each time that they change. What cannot be served is said, and the rest stays. */
async function reloadOnChange(runtime: Runtime, options: Pick<DuetOptions, "limits" | "context">): Promise<void> {
  await watchSources({
    paths: INPUTS.map((input) => join(PROJECT, input)),
    async onChange() {
      const beganAtMs = performance.now();
      try {
        const outDirectory = await synthesizeDuet(contextOf(options));
        if (outDirectory === runtime.outDirectory) return;
        await runtime.reload(outDirectory);
        process.stdout.write(`Reloaded in ${((performance.now() - beganAtMs) / 1000).toFixed(1)} s\n`);
      } catch (error) {
        process.stderr.write(`Not reloaded: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    },
  });
}

/** A user exists from their first call on. */
async function createUsers(baseUrl: string, usernames: string[]): Promise<void> {
  const tokens = await requestTokens({ baseUrl, usernames });
  for (const token of tokens) {
    const response = await fetch(`${baseUrl}/api/conversations`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`The first call answered ${response.status}: ${await response.text()}`);
  }
}

function banner({ baseUrl, storage, embeddedIssuer }: { baseUrl: string; storage: string; embeddedIssuer: boolean }) {
  const port = new URL(baseUrl).port;
  const token = `${port === "3000" ? "" : `PORT=${port} `}npm run -s token --`;
  const demo = `
  Users      ${DEMO_USERS.join(" and ")}; any other name will do: ${token} NAME
             The sign-in is for development: no passwords, and nobody but this machine.
  Try        curl -sS ${baseUrl}/api/conversations/bob/messages -H "authorization: Bearer $(${token} alice)" -d '{"text":"hi bob"}'`;
  return `
Duet is ready on ${baseUrl}

  Chat       ${baseUrl}
  API        ${baseUrl}/api, described at ${baseUrl}/docs
  WebSocket  ${baseUrl.replace("http", "ws")}/ws
  Data       ${storage}${embeddedIssuer ? demo : ""}
  Stop       ctrl-C

`;
}
