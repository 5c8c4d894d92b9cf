/**
 * Numbers with a source are AWS's, from "Quotas for configuring and running a WebSocket API in API Gateway"
 * unless another page is named. The others bound this runtime and have no counterpart there.
 */

/** Either direction. A client's longer frame closes its connection with 1009. */
export const FRAME_BYTES_MAX = 32 * 1024;

/** Either direction, over all frames of a message. A client's longer message closes its connection with 1009. */
export const MESSAGE_BYTES_MAX = 128 * 1024;

/** Without a message in either direction. */
export const IDLE_TIMEOUT_MS = 10 * 60_000;

/** From the handshake, however busy the connection is. */
export const LIFE_MS_MAX = 2 * 60 * 60_000;

/** Path and query of a handshake. */
export const URL_CHARACTERS_MAX = 4096;

/** As JSON. "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers". */
export const AUTHORIZER_RESULT_BYTES_MAX = 8 * 1024;

/** The longest that an integration may be given; authorizers have no setting of their own. */
export const AUTHORIZER_TIMEOUT_MS = 29_000;

/** What may wait for a client that does not read; more ends its connection with 1006. */
export const BUFFERED_BYTES_MAX = 1024 * 1024;

/**
 * Frames of one connection that may be with their functions at once; at this number its socket is not read until
 * one is answered. AWS limits the account's request rate instead. Without a bound, one client that sends faster
 * than functions answer would fill the memory. What one read of the socket held (64 KiB) may go beyond it.
 */
export const IN_FLIGHT_MAX = 256;

/** How long a client may take to answer a close frame before its socket is destroyed. */
export const CLOSE_HANDSHAKE_MS_MAX = 2_000;

/** How long the shutdown of an API waits for its sockets to close and their `$disconnect` to run. */
export const SHUTDOWN_MS_MAX = 5_000;

/** How late, at most, the idle and the life limit are noticed. */
export const SWEEP_MS_MAX = 1_000;
