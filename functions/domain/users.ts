import { Refusal } from "../protocol/errors.ts";
import type { Profile } from "../protocol/wire.ts";
import type { User, Users, World } from "./ports.ts";

/** The user who signed in; their row is made at the first call or connection. A repeat is safe. */
export async function ensureUser({ users, world }: { users: Users; world: World }, username: string): Promise<User> {
  const user = await users.get(username, { mayBeStale: true });
  if (user !== undefined) return user;
  await users.create(username, world.nowMs());
  return { username };
}

/** A user by name. Refuses `unknown_user`. */
export async function getUser(users: Users, username: string): Promise<User> {
  const user = await users.get(username);
  if (user === undefined) throw unknownUser(username);
  return user;
}

export function unknownUser(username: string): Refusal {
  return new Refusal("unknown_user", `Nobody here is called ${JSON.stringify(username)}.`);
}

/** What others see of a user: their username until they have chosen a name. */
export function profileOf({ username, displayName = username, avatarVersion }: User): Profile {
  const avatar =
    avatarVersion === undefined ? null : `/api/users/${encodeURIComponent(username)}/avatar?v=${avatarVersion}`;
  return { username, displayName, avatar };
}
