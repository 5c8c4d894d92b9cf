/**
 * Every refusal of the protocol: code, HTTP status, title (RFC 9457: the same for every occurrence).
 * Codes are added, never renamed.
 */
export const REFUSALS = {
  invalid_body: { status: 400, title: "The body is not what this route takes." },
  invalid_frame: { status: 400, title: "The frame is not what this action takes." },
  invalid_query: { status: 400, title: "The query is not what this route takes." },
  invalid_cursor: { status: 400, title: "The cursor is none that the server gave." },
  invalid_username: { status: 400, title: "This is not a username." },
  invalid_id: { status: 400, title: "The message id is not a UUIDv7." },
  id_from_the_future: { status: 400, title: "The message id lies too far ahead of the server's clock." },
  id_reused: { status: 409, title: "Another message of this conversation has this id." },
  id_too_old: { status: 409, title: "Whether this id was stored can no longer be told." },
  invalid_text: { status: 400, title: "The text is not valid Unicode." },
  empty_text: { status: 400, title: "The text is empty." },
  text_too_long: { status: 400, title: "The text is too long." },
  invalid_display_name: { status: 400, title: "This is not a name to show." },
  invalid_image: { status: 415, title: "The body is not a picture of a kind that is taken." },
  image_too_large: { status: 413, title: "The picture is too large." },
  to_oneself: { status: 400, title: "There is no conversation with oneself." },
  not_allowed: { status: 403, title: "The access token names no user that may use this service." },
  blocked: { status: 403, title: "The recipient takes no messages from you." },
  token_expired: { status: 401, title: "The access token of this connection has expired." },
  unknown_user: { status: 404, title: "There is no such user." },
  no_avatar: { status: 404, title: "The user has no picture." },
  unknown_action: { status: 404, title: "There is no such action." },
  too_many_messages: { status: 429, title: "Too many messages in this conversation." },
  too_many_new_peers: { status: 429, title: "Too many new conversations." },
  internal: { status: 500, title: "The server failed." },
  unavailable: { status: 503, title: "The server could not do it now." },
} as const satisfies Record<string, { status: number; title: string }>;

/** Why the server refused a request or a frame. Codes are added, never renamed. */
export type RefusalCode = keyof typeof REFUSALS;

/** A request that the caller can mend, or repeat later; `message` says what was wrong, the limit and what was given. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** Seconds after which a repeat may succeed. */
  readonly retryAfterSeconds: number | undefined;
  /** RFC 3339, where the caller's clock is what is wrong. */
  readonly serverTime: string | undefined;

  constructor(
    code: RefusalCode,
    message: string,
    options: { retryAfterSeconds?: number; serverTime?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "Refusal";
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.serverTime = options.serverTime;
  }
}

/** RFC 9457 problem details, the body of every HTTP error that our code answers. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  code: RefusalCode;
  requestId: string;
  retryAfterSeconds?: number;
  serverTime?: string;
}

/** Never carries a stack or a cause. */
export function problem(refusal: Refusal, requestId: string): Problem {
  return {
    type: "about:blank",
    title: REFUSALS[refusal.code].title,
    status: REFUSALS[refusal.code].status,
    detail: refusal.message,
    code: refusal.code,
    requestId,
    ...(refusal.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: refusal.retryAfterSeconds }),
    ...(refusal.serverTime === undefined ? {} : { serverTime: refusal.serverTime }),
  };
}
