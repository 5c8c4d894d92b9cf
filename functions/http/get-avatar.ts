import { Refusal } from "../protocol/errors.ts";
import { parseUsername } from "../protocol/username.ts";
import { avatars } from "../store/deps.ts";
import { route } from "./route.ts";

const table = avatars();

/**
 * `GET /api/users/{username}/avatar?v=VERSION`: the picture. An address with the version of the picture never shows
 * another, so that it may be kept; any other is asked for again each time.
 */
export const handler = route(async ({ path, query }) => {
  const username = parseUsername(path.username);
  const avatar = await table.get(username);
  if (avatar === undefined) throw new Refusal("no_avatar", `${JSON.stringify(username)} has no picture.`);
  const isExact = query.v === avatar.version;
  return {
    status: 200,
    bytes: avatar.image,
    headers: {
      "content-type": avatar.contentType,
      "cache-control": isExact ? "private, max-age=31536000, immutable" : "private, no-cache",
      "x-content-type-options": "nosniff",
    },
  };
});
