const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** The flag `v` is newer than the language level of the build; every browser with `Intl.Segmenter` has it. */
const EMOJI = /^\p{RGI_Emoji}$/v;

/** More than these are shown as text. */
const LARGE_EMOJI_MAX = 6;

/** Whether a text is nothing but a few emoji, which are shown large. */
export function isEmojiOnly(text: string): boolean {
  // Eight code units a grapheme is more than most have; it keeps long texts away from the segmenter.
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > LARGE_EMOJI_MAX * 15) return false;
  const graphemes = [...segmenter.segment(trimmed)].filter(({ segment }) => segment.trim() !== "");
  return graphemes.length <= LARGE_EMOJI_MAX && graphemes.every(({ segment }) => EMOJI.test(segment));
}
