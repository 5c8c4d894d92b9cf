import { Refusal } from "./errors.ts";
import { USERNAME_CODE_POINTS_MAX } from "./limits.ts";

/** Not `.` or `..`, which every URL parser folds away (WHATWG URL, "single-dot" and "double-dot URL path segment"). */
const USERNAME = new RegExp(`^(?!\\.{1,2}$)[\\p{L}\\p{M}\\p{Nd}_.@+-]{1,${USERNAME_CODE_POINTS_MAX}}$`, "u");

/** Whether `value` is a username: 1 to 128 Unicode letters, marks, digits or `_ . @ + -`, in NFC, and not `.` or `..`. */
export function isUsername(value: unknown): value is string {
  return typeof value === "string" && USERNAME.test(value) && value === value.normalize("NFC");
}

/** The username that a person typed, in NFC. Refuses `invalid_username`. */
export function parseUsername(value: string | undefined): string {
  const username = (value ?? "").normalize("NFC");
  if (isUsername(username)) return username;
  throw new Refusal(
    "invalid_username",
    `A username has 1 to ${USERNAME_CODE_POINTS_MAX} letters, digits or _ . @ + -, and is not . or ..; got ${quote(username)}.`,
  );
}

/** What was given, for an error: JSON-quoted and shortened. */
export function quote(value: string): string {
  return JSON.stringify(shorten(value));
}

/** At most 60 code points, well-formed. */
export function shorten(value: string): string {
  const shown = [...value.slice(0, 120)].slice(0, 60).join("").toWellFormed();
  return shown.length < value.length ? `${shown}…` : shown;
}
