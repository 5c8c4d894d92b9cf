/** How many code points a text has that is well-formed: each pair of surrogates is one. */
export function countCodePoints(text: string): number {
  let lowSurrogates = 0;
  for (let unit = 0; unit < text.length; unit++) if ((text.charCodeAt(unit) & 0xfc00) === 0xdc00) lowSurrogates++;
  return text.length - lowSurrogates;
}
