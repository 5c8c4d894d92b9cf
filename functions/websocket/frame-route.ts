import type { Context } from "aws-lambda";
import type { ServerFrame } from "../protocol/wire.ts";
import { toRefusal, withinTime } from "../store/faults.ts";
import type { WebSocketRequestContext } from "./connection.ts";

export interface FrameEvent {
  body?: string;
  requestContext: WebSocketRequestContext;
}

/** Makes a Lambda handler of a two-way route: what `handle` returns, or refuses, is the answering frame. */
export function frameRoute(handle: (event: FrameEvent) => Promise<ServerFrame> | ServerFrame) {
  return async (
    event: FrameEvent,
    context: Pick<Context, "getRemainingTimeInMillis">,
  ): Promise<{ statusCode: number; body: string }> => {
    const { requestId } = event.requestContext;
    try {
      return reply(await withinTime(handle(event), context));
    } catch (error) {
      const { code, message } = toRefusal(error, requestId);
      return reply({ type: "error", code, detail: message, requestId });
    }
  };
}

function reply(frame: ServerFrame) {
  return { statusCode: 200, body: JSON.stringify(frame) };
}
