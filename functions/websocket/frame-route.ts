import type { Context } from "aws-lambda";
import type { ServerFrame } from "../protocol/wire.ts";
import { aboutRequest } from "../store/deps.ts";
import { toRefusal } from "../store/faults.ts";
import { withinInvocation } from "../store/invocation.ts";
import type { WebSocketRequestContext } from "./connection.ts";

export interface FrameEvent {
  body?: string;
  requestContext: WebSocketRequestContext;
}

/** Makes a Lambda handler of a two-way route: what `handle` returns, or refuses, is the answering frame; nothing is none. */
export function frameRoute(handle: (event: FrameEvent) => Promise<ServerFrame | undefined> | ServerFrame) {
  return async (
    event: FrameEvent,
    context: Pick<Context, "getRemainingTimeInMillis">,
  ): Promise<{ statusCode: number; body?: string }> => {
    const { requestId, connectionId } = event.requestContext;
    aboutRequest({ requestId, connectionId });
    try {
      const frame = await withinInvocation(context, () => handle(event));
      return frame === undefined ? { statusCode: 200 } : reply(frame);
    } catch (error) {
      const { code, message } = toRefusal(error, requestId);
      return reply({ type: "error", code, detail: message, requestId });
    }
  };
}

function reply(frame: ServerFrame) {
  return { statusCode: 200, body: JSON.stringify(frame) };
}
