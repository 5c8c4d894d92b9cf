/** The little of SVG that plots need. Coordinates are in px from the top left. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Axis {
  /** Where a value is, in px. */
  at(value: number): number;
  ticks: { value: number; label: string }[];
}

const COLOR_TEXT = "#1f2328";
const COLOR_GRID = "#d8dee4";

const escaped = (text: string) => text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

export function text(
  {
    x,
    y,
    anchor = "start",
    size = 12,
    color = COLOR_TEXT,
    turn = 0,
  }: { x: number; y: number; anchor?: "start" | "middle" | "end"; size?: number; color?: string; turn?: number },
  what: string,
): string {
  const turned = turn === 0 ? "" : ` transform="rotate(${turn} ${x} ${y})"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${color}"${turned}>${escaped(what)}</text>`;
}

export function line(
  points: readonly (readonly [number, number])[],
  { color, dashed = false, width = 2 }: { color: string; dashed?: boolean; width?: number },
): string {
  const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${width}"${dashed ? ' stroke-dasharray="6 4"' : ""}/>`;
}

export const dot = (x: number, y: number, color: string): string =>
  `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="${color}"/>`;

export const bar = ({ left, top, width, height }: Box, color: string): string =>
  `<rect x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${Math.max(0, height).toFixed(1)}" fill="${color}"/>`;

/** From the bottom up, 0 to `max` rounded up to a round step. */
export function linearAxis({ top, height }: Box, max: number): Axis {
  const power = 10 ** Math.floor(Math.log10(max / 4));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => max / size <= 5) ?? max;
  const end = Math.ceil(max / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return {
    at: (value) => top + height - (value / end) * height,
    ticks: ticks.map((value) => ({ value, label: String(Number(value.toPrecision(6))) })),
  };
}

/** From the bottom up, in powers of ten around what there is. */
export function logAxis({ top, height }: Box, { min, max }: { min: number; max: number }): Axis {
  const [first, last] = [
    Math.floor(Math.log10(min)),
    Math.max(Math.ceil(Math.log10(max)), Math.floor(Math.log10(min)) + 1),
  ];
  const powers = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return {
    at: (value) => top + height - ((Math.log10(value) - first) / (last - first)) * height,
    ticks: powers.map((value) => ({ value, label: String(value) })),
  };
}

/** The grid of an axis to the left, its numbers and its name. */
export function leftAxis({ left, top, width, height }: Box, axis: Axis, name: string): string {
  const lines = axis.ticks.map(
    ({ value, label }) =>
      line(
        [
          [left, axis.at(value)],
          [left + width, axis.at(value)],
        ],
        { color: COLOR_GRID, width: 1 },
      ) + text({ x: left - 8, y: axis.at(value) + 4, anchor: "end" }, label),
  );
  return lines.join("") + text({ x: left - 48, y: top + height / 2, anchor: "middle", turn: -90 }, name);
}

/** A whole picture on a light background; `title` is what a screen reader says. */
export function picture(
  { width, height, title }: { width: number; height: number; title: string },
  parts: readonly string[],
): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif"><title>${escaped(title)}</title>` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>\n${parts.join("\n")}\n</svg>\n`
  );
}
