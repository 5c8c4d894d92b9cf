import { setAvatar } from "../domain/profile.ts";
import { avatars, connections, push, users, world } from "../store/deps.ts";
import { parsePicture } from "./picture.ts";
import { route } from "./route.ts";

const ports = { users: users(), avatars: avatars(), connections: connections(), push: push(), world };

/** `PUT /api/me/avatar`: the body is the picture. 200 with my profile. */
export const handler = route(async ({ username, bytes }) => ({
  status: 200,
  body: await setAvatar(ports, { username, ...parsePicture(bytes()) }),
}));
