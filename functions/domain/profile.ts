import type { Profile, ProfileFrame } from "../protocol/wire.ts";
import type { Avatar, Avatars, Connections, Push, User, Users, World } from "./ports.ts";
import { pushToUser } from "./push-to-user.ts";
import { ensureUser, profileOf } from "./users.ts";

type Ports = { users: Users; connections: Connections; push: Push; world: World };

/** Gives the user another name to show; null takes their username again. A repeat is safe. */
export async function changeDisplayName(
  ports: Ports,
  { username, displayName }: { username: string; displayName: string | null },
): Promise<Profile> {
  await ensureUser(ports, username);
  return tell(ports, await ports.users.change(username, { displayName }));
}

/** Gives the user a picture: stored first, and shown then. A repeat is safe: the same picture has the same version. */
export async function setAvatar(ports: Ports & { avatars: Avatars }, avatar: Avatar): Promise<Profile> {
  const { username, version } = avatar;
  await ensureUser(ports, username);
  await ports.avatars.put(avatar);
  return tell(ports, await ports.users.change(username, { avatarVersion: version }));
}

/** Takes the user's picture away. A repeat is safe. */
export async function removeAvatar(ports: Ports & { avatars: Avatars }, username: string): Promise<Profile> {
  await ensureUser(ports, username);
  const user = await ports.users.change(username, { avatarVersion: null });
  await ports.avatars.remove(username);
  return tell(ports, user);
}

/** The user's own devices hear of it at once; others with the next message, or when they list their conversations. */
async function tell(ports: Ports, user: User): Promise<Profile> {
  const profile = profileOf(user);
  const frame: ProfileFrame = { type: "profile", ...profile };
  await pushToUser(ports, { username: user.username, frame: JSON.stringify(frame) });
  return profile;
}
