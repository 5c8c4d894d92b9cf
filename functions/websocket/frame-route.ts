import type { ServerFrame } from "../protocol/wire.ts";
import { toRefusal } from "../store/faults.ts";
import type { WebSocketRequestContext } from "./connection.ts";

export interface FrameEvent {
  body?: string;
  requestContext: WebSocketRequestContext;
}

/** Makes a Lambda handler of a two-way route: what `handle` returns, or refuses, is the answering frame. */
export function frameRoute(handle: (event: FrameEvent) => Promise<ServerFrame> | ServerFrame) {
  return async (event: FrameEvent): Promise<{ statusCode: number; body: string }> => {
    const { requestId } = event.requestContext;
    try {
      return reply(await handle(event));
    } catch (error) {
      const { code, message } = toRefusal(error, requestId);
      return reply({ type: "error", code, detail: message, requestId });
    }
  };
}

function reply(frame: ServerFrame) {
  return { statusCode: 200, body: JSON.stringify(frame) };
}
