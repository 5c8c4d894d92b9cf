/**
 * `npm run -s token -- alice bob`: prints an access token a line for each username, in that order.
 * Exits with 2 when it was asked wrongly, with 1 when the running system gives no tokens.
 */
import { parseArgs } from "node:util";
import { NoTokensError, requestTokens } from "./identity/request-tokens.ts";

const USAGE = `usage: npm run -s token -- [--issuer URL] USERNAME...
Prints an access token a line. PORT names the running system (default 3000).
Put -- before a username that starts with a dash.`;

function readArguments(): { issuer?: string; usernames: string[] } {
  const options = { issuer: { type: "string" } } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length > 0) return { ...values, usernames: positionals };
  } catch (error) {
    // Its message names the option that there is not.
    console.error(error instanceof Error ? error.message : error);
  }
  console.error(USAGE);
  process.exit(2);
}

try {
  const baseUrl = `http://localhost:${process.env.PORT || 3000}`;
  if (!URL.canParse(baseUrl)) throw new NoTokensError(`PORT is a whole number up to 65535; got ${process.env.PORT}`);
  const accessTokens = await requestTokens({ baseUrl, ...readArguments() });
  for (const accessToken of accessTokens) console.log(accessToken);
} catch (error) {
  if (!(error instanceof NoTokensError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
