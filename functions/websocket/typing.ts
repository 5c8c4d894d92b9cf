import { typing } from "../domain/typing.ts";
import { parseTyping } from "../protocol/wire.ts";
import { connections, conversations, push, users, world } from "../store/deps.ts";
import { connectionOf } from "./connection.ts";
import { frameRoute } from "./frame-route.ts";

const ports = { users: users(), conversations: conversations(), connections: connections(), push: push(), world };

/** `{"action":"typing","peer"}`: no answer, but an error where it is refused. */
export const handler = frameRoute(async ({ body, requestContext }) => {
  await typing(ports, { ...connectionOf(requestContext), ...parseTyping(body) });
  return undefined;
});
