import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { requestTokens } from "../local/identity/request-tokens.ts";
import { type ProcessUse, processTree } from "./processes.ts";

const START = fileURLToPath(new URL("../bin/start.ts", import.meta.url));
/** The issuer gives so many at once. */
const TOKENS_AT_ONCE = 100;

export interface System {
  baseUrl: string;
  /** An access token for each, in that order. */
  tokens(usernames: string[]): Promise<string[]>;
  processes(): ProcessUse[];
  close(): Promise<void>;
}

/** Starts Duet as `npm start` does, in a process of its own on a free port, in memory and without limits. */
export async function startSystem(options: string[] = []): Promise<System> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", START, "--in-memory", "--no-limits", "--quiet", "--port", "0", ...options],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  const baseUrl = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, url] = /^Duet is ready on (\S+)/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    void ended.then(([code]) => reject(new Error(`The system ended with ${code}`)));
  });
  return {
    baseUrl,
    async tokens(usernames) {
      const tokens: string[] = [];
      for (let from = 0; from < usernames.length; from += TOKENS_AT_ONCE)
        tokens.push(...(await requestTokens({ baseUrl, usernames: usernames.slice(from, from + TOKENS_AT_ONCE) })));
      return tokens;
    },
    processes: () => processTree(child.pid ?? 0),
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
