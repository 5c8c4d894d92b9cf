import { Refusal } from "../protocol/errors.ts";
import { quote } from "../protocol/username.ts";
import { frameRoute } from "./frame-route.ts";

/** `$default`: every frame that names no action. */
export const handler = frameRoute(({ body = "" }) => {
  throw new Refusal("unknown_action", `A frame is JSON with "action": "sync" or "typing"; got ${quote(body)}.`);
});
