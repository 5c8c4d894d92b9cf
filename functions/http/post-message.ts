import { send } from "../domain/send.ts";
import { parseUsername } from "../protocol/username.ts";
import { parseSend } from "../protocol/wire.ts";
import {
  push,
  senderLimits,
  stripsMarkup,
  timedConnections,
  timedConversations,
  timedMessages,
  timedStandings,
  users,
  world,
} from "../store/deps.ts";
import { count } from "../store/metrics.ts";
import { plainText } from "./plain-text.ts";
import { route } from "./route.ts";

const ports = {
  users: users(),
  standings: timedStandings(),
  log: timedMessages(),
  conversations: timedConversations(),
  connections: timedConnections(),
  push: push(),
  limits: senderLimits(),
  world,
};

const toText = stripsMarkup() ? plainText : (typed: string) => typed;

/** `POST /api/conversations/{peer}/messages`: 201 with the stored message; 200 where it was stored before. */
export const handler = route(async ({ username, path, headers, text }) => {
  const connectionId = headers["duet-connection"];
  const { message, repeated, delivered } = await send(ports, {
    ...parseSend(text(), headers["idempotency-key"], toText),
    sender: username,
    recipient: parseUsername(path.peer),
    ...(connectionId === undefined ? {} : { connectionId }),
  });
  count(repeated ? "MessagesRepeated" : "MessagesAccepted");
  return { status: repeated ? 200 : 201, body: { message, delivered } };
});
