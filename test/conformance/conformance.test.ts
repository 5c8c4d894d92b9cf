import { afterAll, beforeAll } from "vitest";
import { authorizer } from "./behaviours/authorizer.ts";
import { connectEvent } from "./behaviours/connect-event.ts";
import { connectionsEndpoint } from "./behaviours/connections-endpoint.ts";
import { cors } from "./behaviours/cors.ts";
import { disconnect } from "./behaviours/disconnect.ts";
import { frames } from "./behaviours/frames.ts";
import { handshake } from "./behaviours/handshake.ts";
import { httpEvent } from "./behaviours/http-event.ts";
import { httpResponse } from "./behaviours/http-response.ts";
import { httpRoutes } from "./behaviours/http-routes.ts";
import { jwt } from "./behaviours/jwt.ts";
import { lambda } from "./behaviours/lambda.ts";
import { messageEvent } from "./behaviours/message-event.ts";
import { messages } from "./behaviours/messages.ts";
import { slowEndings } from "./behaviours/slow-endings.ts";
import { openStage, type Stage } from "./stage/stage.ts";

// One file, so that one process and one stage serve all slices.
let opened: Stage | undefined;
const stage = (): Stage => {
  if (opened === undefined) throw new Error("There is no stage before the tests begin");
  return opened;
};

beforeAll(async () => {
  opened = await openStage();
});
afterAll(() => opened?.close());

for (const slice of [
  connectEvent,
  messageEvent,
  authorizer,
  handshake,
  messages,
  frames,
  connectionsEndpoint,
  disconnect,
  httpEvent,
  httpRoutes,
  httpResponse,
  jwt,
  cors,
  lambda,
  slowEndings,
]) {
  slice(stage);
}
