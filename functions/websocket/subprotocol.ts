/** The subprotocol that the server answers; a client offers it beside `bearer.<access token>`. */
export const SUBPROTOCOL = "duet.v1";

const BEARER_SUBPROTOCOL = "bearer.";

export type Headers = Record<string, string | undefined>;

/** API Gateway keeps the case in which the client wrote a header's name. */
function header(headers: Headers, name: string): string | undefined {
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  return entry?.[1];
}

/** The subprotocols that a client offers, in its order. */
export function offeredSubprotocols(headers: Headers): string[] {
  const offered = header(headers, "sec-websocket-protocol") ?? "";
  return offered.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]));
}

/** The token of `Authorization: Bearer`, else of the subprotocol `bearer.<token>`: a browser can set only the latter. */
export function bearerToken(headers: Headers): string | undefined {
  const fromHeader = /^Bearer +(\S+)$/i.exec(header(headers, "authorization") ?? "")?.[1];
  if (fromHeader !== undefined) return fromHeader;
  const offered = offeredSubprotocols(headers).find((name) => name.startsWith(BEARER_SUBPROTOCOL));
  return offered?.slice(BEARER_SUBPROTOCOL.length);
}
