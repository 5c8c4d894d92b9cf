import type { Log } from "../model.ts";
import { startTethered } from "../tethered-process.ts";
import type { EngineProgram } from "./engines.ts";

/** A machine with every core busy has needed 20 s to start the JVM. */
const START_MS_MAX = 60_000;

/** The files of both engines survive a kill. */
const END_MS_MAX = 5_000;

/** How many of the last lines that the program printed go into the error when it ends by itself. */
const OUTPUT_LINES_MAX = 20;

/**
 * `127.0.0.1:8000` of dynalite, and `ServerConnector@1b{HTTP/1.1, (http/1.1)}{127.0.0.1:8000}` of Jetty. The whole
 * line, since a JVM echoes what it finds in JAVA_TOOL_OPTIONS, which may be the address of a proxy.
 */
const LISTENING = /^(?:ServerConnector@.*\{)?(127\.0\.0\.1:\d+)\}?$/;

/** Messages are in what the engines write, and each leaves its files readable to everybody. */
const PRIVATE_FILES = 'umask 077 && exec "$@"';

export interface EngineProcess {
  /** `127.0.0.1:port` */
  address: string;
  /** Ends the program and waits for that. */
  end(): Promise<void>;
}

/**
 * Starts an engine and waits until it listens. It ends with this process in every case.
 *
 * @param options.onExit called if the program ends later on without having been asked to, with its last output
 * @param options.endMsMax how long the program may take to end by itself before it is killed
 * @throws Error with the last output if it ends, or does not listen in time
 */
export async function startEngine(options: {
  program: EngineProgram;
  log: Log;
  onExit: (error: Error) => void;
  endMsMax?: number;
}): Promise<EngineProcess> {
  const { program, log, onExit, endMsMax = END_MS_MAX } = options;
  const output: string[] = [];
  let onAddress = (_address: string) => {};
  const listening = new Promise<string>((resolve) => {
    onAddress = resolve;
  });
  const { child, exited } = startTethered({
    command: "/bin/sh",
    args: ["-c", PRIVATE_FILES, "sh", program.command, ...program.args],
    // The JVM takes non-ASCII paths only in a locale that has them.
    environment: { ...process.env, LC_ALL: "C.UTF-8" },
    onLine: (line) => {
      output.push(line);
      if (output.length > OUTPUT_LINES_MAX) output.shift();
      const [, address] = LISTENING.exec(line) ?? [];
      if (address === undefined) log("dynamodb", line);
      else onAddress(address);
    },
  });

  let ending = false;
  const end = async () => {
    ending = true;
    child.kill("SIGTERM");
    const killing = setTimeout(() => child.kill("SIGKILL"), endMsMax);
    await exited;
    clearTimeout(killing);
  };
  const outputRead = new Promise((resolve) => child.once("close", resolve));
  const lost = Promise.all([exited, outputRead]).then(([how]) => {
    return new Error([`${program.description} ended by itself (${how}). It printed:`, ...output].join("\n"));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    const error = new Error(`${program.description} did not listen within ${START_MS_MAX / 1000} s`);
    timer = setTimeout(() => resolve(error), START_MS_MAX);
  });

  const first = await Promise.race([listening, lost, late]);
  clearTimeout(timer);
  if (first instanceof Error) {
    await end();
    throw first;
  }
  void lost.then((error) => {
    if (!ending) onExit(error);
  });
  return { address: first, end };
}
