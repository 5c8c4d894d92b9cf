import { removeAvatar } from "../domain/profile.ts";
import { avatars, connections, push, users, world } from "../store/deps.ts";
import { route } from "./route.ts";

const ports = { users: users(), avatars: avatars(), connections: connections(), push: push(), world };

/** `DELETE /api/me/avatar`: 200 with my profile. */
export const handler = route(async ({ username }) => ({ status: 200, body: await removeAvatar(ports, username) }));
