/** What is being done now, on standard error: one line that changes in a terminal, else a line for each new `step`. */
export function progress(step: string, detail = ""): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${step} ${detail}`);
  else if (step !== last) process.stderr.write(`${step}\n`);
  last = step;
}

/** Leaves the line clear for what is printed next. */
export function progressDone(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

let last = "";
