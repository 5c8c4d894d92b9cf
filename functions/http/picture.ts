import { createHash } from "node:crypto";
import type { Avatar, AvatarType } from "../domain/ports.ts";
import { Refusal } from "../protocol/errors.ts";
import { AVATAR_BYTES_MAX } from "../protocol/limits.ts";

/** How a picture's bytes begin. Sources: PNG specification 5.2; JPEG (ITU T.81) B.1.1.3; WebP container, RFC 9649, 2.4. */
const SIGNATURES: Record<AvatarType, (start: string) => boolean> = {
  "image/png": (start) => start.startsWith("\x89PNG\r\n\x1a\n"),
  "image/jpeg": (start) => start.startsWith("\xff\xd8\xff"),
  "image/webp": (start) => start.startsWith("RIFF") && start.startsWith("WEBP", 8),
};
const SIGNATURE_BYTES_MAX = 12;

/**
 * The picture in a body: its kind is told by its bytes, whatever its content type says, and its version by all of
 * them, so that the same picture has the same version. Refuses `invalid_image` and `image_too_large`.
 */
export function parsePicture(body: Uint8Array): Omit<Avatar, "username"> {
  if (body.length > AVATAR_BYTES_MAX)
    throw new Refusal(
      "image_too_large",
      `A picture has at most ${AVATAR_BYTES_MAX} bytes; this one has ${body.length}.`,
    );
  const start = Buffer.from(body.subarray(0, SIGNATURE_BYTES_MAX)).toString("latin1");
  const found = Object.entries(SIGNATURES).find(([, fits]) => fits(start));
  if (found === undefined)
    throw new Refusal(
      "invalid_image",
      `A picture is PNG, JPEG or WebP, sent with its content type; the body, ${body.length} bytes, begins as none of them.`,
    );
  const version = createHash("sha256").update(body).digest("hex").slice(0, 16);
  return { contentType: found[0] as AvatarType, version, image: body };
}
