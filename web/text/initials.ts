const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What stands in the place of a picture: the first Han character, or the first letters of the first two words. */
export function initials(name: string): string {
  const han = /\p{Script=Han}/u.exec(name);
  if (han !== null) return han[0];
  const words = name.split(/[\s._@+-]+/u).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...segmenter.segment(word)][0]?.segment ?? "")
    .join("")
    .toUpperCase();
}

/** A hue from 0 to 359 that is always the same for a username. */
export function hue(username: string): number {
  let hash = 0;
  for (const character of username) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360_007;
  return hash % 360;
}
