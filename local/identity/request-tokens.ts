import { ISSUER_LIST_PATH, PATHS } from "./paths.ts";

const ANSWER_TIMEOUT_MS = 10_000;

/** The running system gave no tokens; the message says why, for the person who asked. */
export class NoTokensError extends Error {
  override name = "NoTokensError";
}

/**
 * Asks the system that runs at `baseUrl` for an access token for each of 1 to 100 usernames, in that
 * order, from `issuer` or, when there is only one, from its own.
 *
 * @throws NoTokensError when nothing answers within 10 s, or a refusal does
 */
export async function requestTokens(options: {
  baseUrl: string;
  usernames: string[];
  issuer?: string;
}): Promise<string[]> {
  const issuer = options.issuer ?? (await findIssuer(options.baseUrl));
  return ask({
    url: issuer + PATHS.devTokens,
    member: "accessTokens",
    init: {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ usernames: options.usernames }),
    },
  });
}

async function findIssuer(baseUrl: string): Promise<string> {
  const issuers = await ask({ url: baseUrl + ISSUER_LIST_PATH, member: "issuers" });
  const [issuer, ...others] = issuers;
  if (issuer === undefined) throw new NoTokensError(`${baseUrl} has no user pool`);
  if (others.length > 0) throw new NoTokensError(`${baseUrl} has several issuers, name one: ${issuers.join(" ")}`);
  return issuer;
}

/** The list of strings that the JSON answer holds under `member`. */
async function ask({ url, member, init }: { url: string; member: string; init?: RequestInit }): Promise<string[]> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch((cause) => {
    const { origin } = new URL(url);
    const nothingListens = cause.cause?.code === "ECONNREFUSED";
    throw new NoTokensError(
      nothingListens
        ? `nothing listens on ${origin}: start it with npm start`
        : `${origin} gave no answer: ${cause.cause?.message ?? cause.message}`,
      { cause },
    );
  });
  const body: unknown = await response.json().catch(() => undefined);
  const answer: Record<string, unknown> = typeof body === "object" && body !== null ? { ...body } : {};
  const list = answer[member];
  if (response.ok && Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  throw new NoTokensError(`${url} answered ${response.status}: ${answer.error ?? `there are no ${member} in it`}`);
}
