import { ORIGINAL } from "./original.ts";
import type { Run, SendsResult } from "./results.ts";
import { type Axis, type Box, bar, dot, leftAxis, line, linearAxis, logAxis, picture, text } from "./svg.ts";

const SIZE = { width: 1040, height: 460 };
const OURS = "#0969da";
const THEIRS = "#bc4c00";
const QUANTILES = [
  { name: "p50", color: "#0969da" },
  { name: "p95", color: "#8250df" },
  { name: "p99", color: "#cf222e" },
] as const;

/** Delivery by rate on the left, sends and sockets a second on the right, with the original's figures in both. */
export function plot(run: Run): string {
  const rates = run.results.filter((result): result is Run["results"][number] & SendsResult => result.kind === "rate");
  const { machine, beganAt, commit } = run;
  const under = `${machine.cores} cores ${machine.model}, Node.js ${machine.node}; commit ${commit}, ${beganAt}`;
  return picture({ ...SIZE, title: "Delivery and throughput of Duet beside the original" }, [
    ...(rates.length > 0 ? deliveries({ left: 72, top: 56, width: 400, height: 310 }, rates) : []),
    ...throughput({ left: 600, top: 56, width: 410, height: 310 }, run),
    text({ x: 24, y: SIZE.height - 14, size: 11, color: "#59636e" }, under),
    text(
      { x: SIZE.width - 24, y: SIZE.height - 14, size: 11, color: "#59636e", anchor: "end" },
      `original: ${ORIGINAL.what} (${ORIGINAL.source})`,
    ),
  ]);
}

function deliveries(box: Box, rates: readonly SendsResult[]): string[] {
  const shown = rates.filter(({ deliveryMs }) => deliveryMs.count > 0);
  const original = Object.entries(ORIGINAL.deliveryMs).filter(([rate]) =>
    rates.some(({ load }) => load === Number(rate)),
  );
  const values = [
    ...shown.flatMap(({ deliveryMs }) => QUANTILES.map(({ name }) => deliveryMs[name])),
    ...original.flatMap(([, { p50, p99 }]) => [p50, p99]),
  ];
  const axis = logAxis(box, { min: Math.min(...values), max: Math.max(...values) });
  const x = (load: number) =>
    box.left + ((rates.findIndex((rate) => rate.load === load) + 0.5) * box.width) / rates.length;
  return [
    text({ x: box.left, y: 28, size: 15 }, "From the intended send to the recipient's socket"),
    leftAxis(box, axis, "ms (each step is ten times as much)"),
    ...rates.map(({ load }) => text({ x: x(load), y: box.top + box.height + 20, anchor: "middle" }, String(load))),
    text({ x: box.left + box.width / 2, y: box.top + box.height + 42, anchor: "middle" }, "sends a second, open loop"),
    ...QUANTILES.flatMap(({ name, color }, index) => [
      line(
        shown.map(({ load, deliveryMs }) => [x(load), axis.at(deliveryMs[name])]),
        { color },
      ),
      ...shown.map(({ load, deliveryMs }) => dot(x(load), axis.at(deliveryMs[name]), color)),
      key({ x: box.left + index * 64, y: box.top - 8 }, { name, color }),
    ]),
    ...original.flatMap(([rate, { p50, p99 }]) => [
      cross(x(Number(rate)), axis.at(p50)),
      cross(x(Number(rate)), axis.at(p99)),
    ]),
    key({ x: box.left + 200, y: box.top - 8 }, { name: "× original p50, p99", color: THEIRS }),
  ];
}

function throughput(box: Box, { results }: Run): string[] {
  const bars = results.flatMap((result) => {
    if (result.kind === "senders")
      return [
        {
          name: `${result.load} sender${result.load === 1 ? "" : "s"}`,
          ours: result.perSecond,
          theirs: ORIGINAL.sendsPerSecond[result.load],
        },
      ];
    return result.kind === "sockets"
      ? [{ name: "sockets", ours: result.perSecond, theirs: ORIGINAL.socketsPerSecond }]
      : [];
  });
  if (bars.length === 0) return [];
  const axis = linearAxis(box, Math.max(...bars.flatMap(({ ours, theirs = 0 }) => [ours, theirs])));
  const slot = box.width / bars.length;
  const wide = Math.min(48, slot / 3);
  return [
    text({ x: box.left, y: 28, size: 15 }, "Sends stored and delivered, sockets accepted"),
    leftAxis(box, axis, "a second"),
    key({ x: box.left, y: box.top - 8 }, { name: "Duet", color: OURS }),
    key({ x: box.left + 80, y: box.top - 8 }, { name: "original", color: THEIRS }),
    ...bars.flatMap(({ name, ours, theirs }, index) => {
      const middle = box.left + (index + 0.5) * slot;
      return [
        column({ axis, box, left: middle - wide - 2, width: wide, value: ours, color: OURS }),
        theirs === undefined ? "" : column({ axis, box, left: middle + 2, width: wide, value: theirs, color: THEIRS }),
        text({ x: middle, y: box.top + box.height + 20, anchor: "middle" }, name),
      ];
    }),
  ];
}

function column(of: { axis: Axis; box: Box; left: number; width: number; value: number; color: string }): string {
  const { axis, box, left, width, value, color } = of;
  const top = axis.at(value);
  return (
    bar({ left, top, width, height: box.top + box.height - top }, color) +
    text({ x: left + width / 2, y: top - 5, anchor: "middle", size: 11 }, value.toFixed(0))
  );
}

const key = ({ x, y }: { x: number; y: number }, { name, color }: { name: string; color: string }) =>
  bar({ left: x, top: y - 9, width: 10, height: 10 }, color) + text({ x: x + 15, y }, name);

const cross = (x: number, y: number) =>
  line(
    [
      [x - 5, y - 5],
      [x + 5, y + 5],
    ],
    { color: THEIRS },
  ) +
  line(
    [
      [x - 5, y + 5],
      [x + 5, y - 5],
    ],
    { color: THEIRS },
  );
