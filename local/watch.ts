import { watch } from "chokidar";

/** An editor saves in several steps, and a branch is changed in many files. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` when something at or below the paths has changed and been still for 100 ms, never while an earlier
 * call is under way: then once more after it. Resolves once it watches, with what ends that.
 */
export async function watchSources(options: {
  paths: string[];
  onChange: () => Promise<void>;
}): Promise<() => Promise<void>> {
  const { paths, onChange } = options;
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isDue = false;
  const run = async () => {
    isDue = true;
    if (isRunning) return;
    isRunning = true;
    while (isDue) {
      isDue = false;
      await onChange();
    }
    isRunning = false;
  };

  const watcher = watch(paths, { ignoreInitial: true });
  watcher.on("all", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void run(), SETTLE_MS);
  });
  await new Promise((resolve) => watcher.once("ready", () => resolve(undefined)));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
