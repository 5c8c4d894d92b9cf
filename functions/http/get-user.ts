import { getUser, profileOf } from "../domain/users.ts";
import { parseUsername } from "../protocol/username.ts";
import { users } from "../store/deps.ts";
import { route } from "./route.ts";

const table = users();

/** `GET /api/users/{username}`: another's profile. */
export const handler = route(async ({ path }) => ({
  status: 200,
  body: profileOf(await getUser(table, parseUsername(path.username))),
}));
