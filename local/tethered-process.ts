import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/**
 * Waits for the end of the pipe on file descriptor 4, of which only this process holds the other end, and then kills
 * the command with all that it has started: the session is a process group, and `exec` keeps the shell's process id, so
 * `$$` names both. The watching subshell closes the output
 * and the message channel (3), which would otherwise stay open after the command has ended.
 */
const TETHER = '(read -r _ <&4; kill -9 -$$) >/dev/null 2>&1 3>&- & exec "$@" 4<&-';

/** An event of CloudWatch Logs holds so many bytes ("CloudWatch Logs quotas"); without a bound, output without line breaks fills the memory. */
const LINE_CHARACTERS_MAX = 256 * 1024;

export interface TetheredProcess {
  /** `send` and `on("message")` work when `messages` was asked for. */
  child: ChildProcess;
  /** Resolves when the process has ended, and never rejects: `exit status 1`, `signal: SIGKILL`. */
  exited: Promise<string>;
}

/**
 * Starts a command that cannot outlive this process: it is killed when this one ends, even by SIGKILL, and even when
 * the command is busy or stopped. It has a session of its own, so that a Ctrl-C in the terminal reaches only this
 * process, which can then finish what is under way before it ends the rest. Needs a POSIX `/bin/sh`.
 *
 * @param options.environment the whole environment of the command; nothing is inherited
 * @param options.onLine gets each line of standard output and standard error, without its line break; a line of more
 *   than `LINE_CHARACTERS_MAX` in pieces
 */
export function startTethered(options: {
  command: string;
  args: string[];
  directory?: string;
  environment: Record<string, string | undefined>;
  messages?: boolean;
  onLine: (line: string) => void;
}): TetheredProcess {
  const child = spawn("/bin/sh", ["-c", TETHER, "sh", options.command, ...options.args], {
    cwd: options.directory,
    env: options.environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", options.messages ? "ipc" : "ignore", "pipe"],
  });
  for (const output of [child.stdout, child.stderr]) {
    if (output) readLines(output, options.onLine);
  }
  const exited = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      child.stdio[4]?.destroy();
      resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`);
    });
  });
  return { child, exited };
}

function readLines(output: Readable, onLine: (line: string) => void): void {
  let rest = "";
  output.setEncoding("utf8");
  output.on("data", (chunk: string) => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length < LINE_CHARACTERS_MAX) return;
    onLine(rest);
    rest = "";
  });
  output.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
