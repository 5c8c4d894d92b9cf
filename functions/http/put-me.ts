import { changeDisplayName } from "../domain/profile.ts";
import { parseProfile } from "../protocol/wire.ts";
import { connections, push, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), connections: connections(), push: push(), world };

/** `PUT /api/me` with `{ "displayName" }`: 200 with my profile. */
export const handler = route(async ({ username, text }) => ({
  status: 200,
  body: await changeDisplayName(ports, { username, ...parseProfile(text()) }),
}));
