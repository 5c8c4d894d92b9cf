/** Matches whole texts with a pattern in which `*` stands for any characters, `?` for one, and all others for themselves. */
export function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/[\\^$.*+?()[\]{}|]/g, (character) => {
    if (character === "*") return ".*";
    return character === "?" ? "." : `\\${character}`;
  });
  return new RegExp(`^${source}$`, "s");
}
