import { v5 as uuidV5 } from "uuid";

export const USERNAME_CHARACTERS_MAX = 128;

/**
 * Reads a username as a user pool would: letters, marks, symbols, numbers and punctuation, so no white
 * space (Amazon Cognito API reference, AdminCreateUser, "Username"). White space around it is dropped
 * and the rest brought to Unicode's form NFC, so that one name has one spelling.
 *
 * @returns the username, or a sentence for the person who typed it
 */
export function parseUsername(input: string): { username: string } | { problem: string } {
  const username = input.trim().normalize("NFC");
  const characters = [...username].length;
  if (characters === 0) return { problem: "A username is needed: it was empty." };
  if (characters > USERNAME_CHARACTERS_MAX) {
    return { problem: `A username has at most ${USERNAME_CHARACTERS_MAX} characters: this one has ${characters}.` };
  }
  if (!/^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u.test(username)) {
    return { problem: "A username has no spaces and no control characters inside: this one has." };
  }
  return { username };
}

/** The `sub` of a user: a UUID that stays the same in every run, and differs from pool to pool. */
export function subjectOf({ poolId, username }: { poolId: string; username: string }): string {
  return uuidV5(`urn:user-pool:${poolId}:${username}`, uuidV5.URL);
}
