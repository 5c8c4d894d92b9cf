import { readFileSync } from "node:fs";
import * as v from "valibot";

/** Longer than this, a fault is not told from the end. */
const MS_MAX = 60_000;

const share = within(1, "A share of the occasions");
const shareWithin = v.strictObject({ share, msMax: within(MS_MAX, "A number of milliseconds") });

const schema = v.strictObject({
  /** Of the connections that end, those without a `$disconnect`. */
  dropDisconnect: v.optional(share),
  /** Of the posts to connections, those answered 500. */
  failPost: v.optional(share),
  /** Of the posts to connections, those answered 200 and never delivered. */
  losePost: v.optional(share),
  /** Of the posts to connections, those served up to `msMax` later. */
  delayPost: v.optional(shareWithin),
  /** Of the frames posted, those which arrive up to `msMax` after the answer, so that later ones overtake them. */
  reorderFrame: v.optional(shareWithin),
  /** Of the invocations, those in whose first `msMax` one of the function's running environments is killed. */
  killFunction: v.optional(shareWithin),
});

/** Which faults come, each with its share of the occasions; what is absent never comes. */
export type ChaosShares = v.InferOutput<typeof schema>;

/** Reads the JSON file of `--chaos`. Throws, with the file's name, when it cannot be read or says something else. */
export function readChaosFile(path: string): ChaosShares {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`The chaos file ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const parsed = Array.isArray(content) ? undefined : v.safeParse(schema, content);
  if (parsed?.success) return parsed.output;
  const [issue] = parsed?.issues ?? [];
  const where = issue && v.getDotPath(issue);
  throw new Error(
    `The chaos file ${path} does not fit${where ? ` at ${where}` : ""}: ${issue?.message ?? "Expected Object but received Array"}. ` +
      `It is an object with any of ${Object.keys(schema.entries).join(", ")}.`,
  );
}

function within(max: number, what: string) {
  const message = ({ received }: { received: string }) => `${what} is a number from 0 to ${max}; got ${received}`;
  return v.pipe(v.number(message), v.minValue(0, message), v.maxValue(max, message));
}
