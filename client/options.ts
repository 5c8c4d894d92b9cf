import type { Fetch } from "./api.ts";
import type { Network } from "./network.ts";
import type { Socket } from "./session.ts";
import type { Storage } from "./storage.ts";
import type { GetToken } from "./token-source.ts";
import type { World } from "./world.ts";

/** Opens a WebSocket: the browser's `WebSocket`, or that of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => Socket;

/** What a client is made of. `url` and `token` are all that it needs in a browser. */
export interface ClientOptions {
  /** Where Duet is, as `https://chat.example`: the HTTP API is below `/api`, the WebSocket at `/ws`. */
  url: string;
  /** Where the WebSocket is, if it is elsewhere. Default: `url` with `ws` for `http`, and `/ws`. */
  socketUrl?: string;
  /** Gives an access token of the signed-in user. */
  token: GetToken;
  /**
   * Who is signed in, if the app knows that: then messages can be sent, and are kept, before the server was reached for
   * the first time. Nothing leaves the device before the server has said that the token is this user's. Default: the
   * server is asked, and `send` waits for that.
   */
  username?: string;
  /** Where messages on their way outlive the page or the process. Default: `memoryStorage()`, which does not. */
  storage?: Storage;
  /** Default: the global one; Node 20 has none, and takes that of the package `ws`. */
  WebSocket?: WebSocketConstructor;
  /** Default: the global one. */
  fetch?: Fetch;
  /** What the device says of its network. Default: `navigator.onLine` and its events, where there are any. */
  network?: Network;
  /** Time and chance. Default: the device's own. */
  world?: World;
}
