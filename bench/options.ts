import { type ParseArgsConfig, parseArgs } from "node:util";

/** What the person who started the command has to put right. */
export class UsageError extends Error {
  override name = "UsageError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values = Record<string, string | boolean | undefined>;

/**
 * Runs a command of this folder: prints `help` where it is asked for, and a wrong option as one sentence, with exit
 * code 2. Whatever else fails ends with its stack and 1, and with that what the command has started.
 */
export async function command(
  help: string,
  options: Options,
  work: (values: Values) => Promise<void> | void,
): Promise<void> {
  try {
    const { values } = parse({ ...options, help: { type: "boolean", default: false } });
    if (values.help === true) process.stdout.write(help);
    else await work(values);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(
      `${isUsage ? `${error.message.replace(/[^.]$/, "$&.")} --help says what there is.` : (error as Error).stack}\n`,
    );
    process.exit(isUsage ? 2 : 1);
  }
}

function parse(options: Options): { values: Values } {
  try {
    return parseArgs({ options, strict: true }) as { values: Values };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split("\n")[0] : String(error));
  }
}

/** An option's value as a whole number within bounds. */
export function whole(values: Values, name: string, { min, max }: { min: number; max: number }): number {
  const given = values[name];
  const value = typeof given === "string" && /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} takes a whole number from ${min} to ${max}; got ${JSON.stringify(given)}.`);
}
