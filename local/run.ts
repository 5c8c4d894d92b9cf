import type { Runtime } from "./runtime.ts";

/** A second signal within this time is taken for the same. */
const SAME_SIGNAL_MS_MAX = 1000;

/**
 * Starts a runtime and keeps it until a signal or a fault ends this process, with all that it started; says then which
 * faults of `--chaos` had come. A second signal ends it at once. Rejects when the start fails.
 */
export async function runUntilEnded(
  start: (onStorageLost: (error: Error) => void) => Promise<Runtime>,
): Promise<Runtime> {
  let runtime: Runtime | undefined;
  let endingSinceMs: number | undefined;
  const end = async (exitCode: number, reason?: string) => {
    if (reason !== undefined) process.stderr.write(`${reason}\n`);
    // One ctrl-C comes twice: from the terminal, and from npm, which hands on its own.
    if (endingSinceMs !== undefined && performance.now() - endingSinceMs < SAME_SIGNAL_MS_MAX) return;
    // Still starting, or asked for the second time: what was started ends with this process in any case.
    if (runtime === undefined || endingSinceMs !== undefined) process.exit(exitCode);
    endingSinceMs = performance.now();
    await runtime.close();
    const faults = Object.entries(runtime.faults());
    if (faults.length > 0)
      process.stdout.write(`Faults: ${faults.map(([fault, count]) => `${count} ${fault}`).join(", ")}\n`);
    process.exit(exitCode);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));
  process.on("uncaughtException", (error) => end(1, error.stack));

  runtime = await start((error) => end(1, error.message));
  return runtime;
}
