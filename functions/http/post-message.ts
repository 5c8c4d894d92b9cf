import { send } from "../domain/send.ts";
import { parseUsername } from "../protocol/username.ts";
import { parseSend } from "../protocol/wire.ts";
import { connections, conversations, messages, push, senderLimits, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = {
  users: users(),
  log: messages(),
  conversations: conversations(),
  connections: connections(),
  push: push(),
  limits: senderLimits(),
  world,
};

/** `POST /api/conversations/{peer}/messages`: 201 with the stored message; 200 where it was stored before. */
export const handler = route(async ({ username, path, headers, body }) => {
  const connectionId = headers["duet-connection"];
  const { message, repeated, delivered } = await send(ports, {
    ...parseSend(body, headers["idempotency-key"]),
    sender: username,
    recipient: parseUsername(path.peer),
    ...(connectionId === undefined ? {} : { connectionId }),
  });
  return { status: repeated ? 200 : 201, body: { message, delivered } };
});
