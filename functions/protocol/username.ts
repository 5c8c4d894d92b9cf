import { Refusal } from "./errors.ts";
import { USERNAME_CODE_POINTS_MAX } from "./limits.ts";

const USERNAME = new RegExp(`^[\\p{L}\\p{M}\\p{Nd}_.@+-]{1,${USERNAME_CODE_POINTS_MAX}}$`, "u");

/** Whether `value` is a username: 1 to 128 Unicode letters, marks, digits or `_ . @ + -`, in NFC. */
export function isUsername(value: unknown): value is string {
  return typeof value === "string" && USERNAME.test(value) && value === value.normalize("NFC");
}

/** The username that a person typed, in NFC. Refuses `invalid_username`. */
export function parseUsername(value: string | undefined): string {
  const username = (value ?? "").normalize("NFC");
  if (isUsername(username)) return username;
  throw new Refusal(
    "invalid_username",
    `A username has 1 to ${USERNAME_CODE_POINTS_MAX} letters, digits or _ . @ + -; got ${quote(username)}.`,
  );
}

/** What was given, short enough for an error: at most 60 code points, JSON-quoted. */
export function quote(value: string): string {
  const codePoints = [...value.slice(0, 200)];
  const shown = codePoints.slice(0, 60).join("").toWellFormed();
  return JSON.stringify(shown.length < value.length ? `${shown}…` : shown);
}
