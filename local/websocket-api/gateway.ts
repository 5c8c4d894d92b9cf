import type { Invoke, WebSocketApiModel } from "../model.ts";

/** What the parts of one API share. */
export interface Gateway {
  model: WebSocketApiModel;
  baseUrl: URL;
  invoke: Invoke;
  log: (line: string) => void;
}

/** What is known of a client from its handshake until its connection has ended. */
export interface Client {
  connectionId: string;
  connectedAtMs: number;
  identity: { sourceIp: string; userAgent?: string };
  /** `principalId` and context of the Lambda authorizer; absent where there is none. */
  authorizer?: Record<string, string>;
}

/** How a connection ended, as `$disconnect` is told. */
export interface Ending {
  code: number;
  reason: string;
}

/** The body of a refused handshake and the text of an error frame, with the spaces that API Gateway puts there. */
export function errorBody(message: string, { connectionId }: Client, requestId: string): string {
  return `{"message": ${JSON.stringify(message)}, "connectionId":"${connectionId}", "requestId":"${requestId}"}`;
}
