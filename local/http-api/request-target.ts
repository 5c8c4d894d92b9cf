export interface RequestTarget {
  /** Percent-decoded, with the stage's name where it isn't `$default`: what the function gets as `rawPath`. */
  rawPath: string;
  /** `rawPath` without the stage: what routes are matched with. Absent when the request is outside the stage. */
  stagePath?: string;
  /** Without the `?`, still percent-encoded; empty when there is none. */
  rawQueryString: string;
}

/**
 * Splits the target of a request line, in origin form. `undefined` when it is no path, or has a percent sign that doesn't begin an
 * encoded UTF-8 character; other characters that have no place there are refused by Node's parser before.
 *
 * HTTP APIs decode the whole path, and an encoded `?` then ends it (captures in hotsock/voker, pull 8; REST APIs and
 * function URLs leave it encoded). The query string is handed on as it came.
 */
export function parseRequestTarget(target: string, stage: string): RequestTarget | undefined {
  const [encodedPath = "", ...query] = target.split("?");
  const path = decode(encodedPath || "/")?.split("?")[0];
  if (!path?.startsWith("/")) return undefined;
  return { rawPath: path, stagePath: belowStage(path, stage), rawQueryString: query.join("?") };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** A named stage is served below its name: "Working with stages for HTTP APIs" of the API Gateway guide. */
function belowStage(path: string, stage: string): string | undefined {
  if (stage === "$default") return path;
  if (path === `/${stage}`) return "/";
  return path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : undefined;
}
