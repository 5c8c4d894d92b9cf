import type { RefusalCode } from "../functions/protocol/errors.ts";

/**
 * Why something failed: a code of the server's (errors.ts of the protocol), or one of the client's own:
 * - `no_answer`: the server gave none, or one that cannot be read. A send is repeated by itself; anything else may be.
 * - `unexpected`: the answer is not one of Duet's, but a gateway's or a proxy's; `status` says more.
 * - `unauthorized`: the server refused the access token, and so the next one.
 * - `signed_out`: the option `token` gave none, or another user's.
 * - `wrong_user`: the token is not that of the option `username`.
 * - `closed`: the client was closed before the answer. A message that waits stays in the storage.
 * - `discarded`: the message was thrown away.
 * - `not_found`: no message that waits has this id.
 * - `outbox_full`: 1,000 messages are waiting already.
 * - `storage_failed`: the storage did not keep, or give back, what it should.
 * - `listener_failed`: a listener threw; `cause` is what it threw.
 *
 * The server may add codes.
 */
export type DuetErrorCode =
  | RefusalCode
  | "no_answer"
  | "unexpected"
  | "unauthorized"
  | "signed_out"
  | "wrong_user"
  | "closed"
  | "discarded"
  | "not_found"
  | "outbox_full"
  | "storage_failed"
  | "listener_failed"
  | (string & Record<never, never>);

/** Every error of the client. `message` is a sentence: what was wrong, the limit and what was given. */
export class DuetError extends Error {
  override name = "DuetError";
  readonly code: DuetErrorCode;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** Seconds after which a repeat may succeed, where the server said so. */
  readonly retryAfterSeconds: number | undefined;
  /** Names the request in the server's logs. */
  readonly requestId: string | undefined;

  constructor(
    code: DuetErrorCode,
    message: string,
    more: { status?: number; retryAfterSeconds?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, "cause" in more ? { cause: more.cause } : {});
    this.code = code;
    this.status = more.status;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.requestId = more.requestId;
  }

  /** Whether the same request may succeed later: no answer came, there was too much at once, or the server had a fault. */
  get isPassing(): boolean {
    return this.code === "no_answer" || this.status === 429 || this.status === 408 || (this.status ?? 0) >= 500;
  }
}

/** What was thrown, as an error of the client. */
export function toDuetError(thrown: unknown, code: DuetErrorCode = "no_answer"): DuetError {
  return thrown instanceof DuetError ? thrown : new DuetError(code, String(thrown), { cause: thrown });
}
