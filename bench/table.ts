/** A table for the screen: the first column to the left, all others to the right, as numbers are. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return `${[line(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n")}\n`;
}
