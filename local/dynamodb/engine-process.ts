import type { Log } from "../model.ts";
import { startTethered } from "../tethered-process.ts";
import type { EngineProgram } from "./engines.ts";

/** A machine with every core busy has needed 20 s to start the JVM. */
const START_MS_MAX = 60_000;

/** How long the program may take to end by itself before it is killed. The files of both engines survive a kill. */
const END_MS_MAX = 5_000;

/** How many of the last lines that the program printed go into the error when it ends by itself. */
const OUTPUT_LINES_MAX = 20;

const LISTENING = /127\.0\.0\.1:\d+/;

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
 * @throws Error with the last output if it ends, or does not listen in time
 */
export async function startEngine(options: {
  program: EngineProgram;
  log: Log;
  onExit: (error: Error) => void;
}): Promise<EngineProcess> {
  const { program, log, onExit } = options;
  const output: string[] = [];
  let onAddress = (_address: string) => {};
  const listening = new Promise<string>((resolve) => {
    onAddress = resolve;
  });
  const { child, exited } = startTethered({
    command: program.command,
    args: program.args,
    // The JVM takes non-ASCII paths only in a locale that has them.
    environment: { ...process.env, LC_ALL: "C.UTF-8" },
    onLine: (line) => {
      output.push(line);
      if (output.length > OUTPUT_LINES_MAX) output.shift();
      const [address] = LISTENING.exec(line) ?? [];
      if (address === undefined) log("dynamodb", line);
      else onAddress(address);
    },
  });

  let ending = false;
  const end = async () => {
    ending = true;
    child.kill("SIGTERM");
    const killing = setTimeout(() => child.kill("SIGKILL"), END_MS_MAX);
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
