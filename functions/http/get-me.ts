import { ensureUser, profileOf } from "../domain/users.ts";
import { users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), world };

/** `GET /api/me`: my profile. */
export const handler = route(async ({ username }) => ({
  status: 200,
  body: profileOf(await ensureUser(ports, username)),
}));
