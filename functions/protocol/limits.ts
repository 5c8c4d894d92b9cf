/** Limits that clients can meet. Each is stated in the error that enforces it, and in PROTOCOL.md. */

/** Code points in a username. */
export const USERNAME_CODE_POINTS_MAX = 128;

/** Code points in a message's text. */
export const TEXT_CODE_POINTS_MAX = 4096;

/** UTF-16 code units of what is typed, before markup is taken out of it. */
export const TYPED_LENGTH_MAX = 65_536;

/** Code points of a name to show, after white space at its ends is taken off. */
export const DISPLAY_NAME_CODE_POINTS_MAX = 64;

/** Bytes of a picture. */
export const AVATAR_BYTES_MAX = 64 * 1024;

/** Live connections of one user; another closes the oldest. */
export const CONNECTIONS_MAX = 32;

/** Code points of the last message that a row shows. */
export const PREVIEW_CODE_POINTS_MAX = 100;

/** How far a message's id may lie ahead of the server's clock; a repeat is searched for just as far behind the id. */
export const ID_SKEW_MS_MAX = 60_000;

/** Messages in one page of the log. */
export const MESSAGE_PAGE_MAX = 100;
export const MESSAGE_PAGE_DEFAULT = 50;

/** Rows in one page of the conversation list. */
export const ROW_PAGE_MAX = 1000;
export const ROW_PAGE_DEFAULT = 200;

/** Bytes of one WebSocket frame. Source: API Gateway quotas for WebSocket APIs, "WebSocket frame size". */
export const FRAME_BYTES_MAX = 32 * 1024;

/** Life of a WebSocket. Source: API Gateway quotas for WebSocket APIs, "Connection duration". */
export const CONNECTION_LIFE_MS_MAX = 2 * 60 * 60 * 1000;

/** What one sender may do. A limit of `null` is off. */
export interface SenderLimits {
  /** Messages in one conversation within `BURST_WINDOW_MS`. */
  messagesPerBurst: number | null;
  /** Conversations opened within `NEW_PEERS_WINDOW_MS`. */
  newPeersPerHour: number | null;
  /** Usernames of those whom neither limit holds, as a service or a support desk that writes to many. Default: nobody. */
  unlimited?: readonly string[];
}

export const BURST_WINDOW_MS = 10_000;
export const NEW_PEERS_WINDOW_MS = 60 * 60 * 1000;

export const SENDER_LIMITS_DEFAULT: SenderLimits = { messagesPerBurst: 20, newPeersPerHour: 30 };
export const SENDER_LIMITS_OFF: SenderLimits = { messagesPerBurst: null, newPeersPerHour: null };
