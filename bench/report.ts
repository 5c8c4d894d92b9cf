import { describeOthers, type Others, QUIET_SHARE_MAX } from "./machine.ts";
import { ORIGINAL } from "./original.ts";
import type { Run, SendsResult, SocketsResult, TimesResult } from "./results.ts";
import { faultsOf } from "./results.ts";
import { table } from "./table.ts";

const ms = (value: number) => (Number.isFinite(value) ? value.toFixed(value < 100 ? 1 : 0) : "–");
const none = "–";

/** A run as tables for the screen, with what the original did beside it. */
export function report({ machine, before, commit, results }: Run): string {
  const of = <Kind extends Run["results"][number]["kind"]>(...kinds: Kind[]) =>
    results.filter((result): result is Extract<Run["results"][number], { kind: Kind }> =>
      kinds.includes(result.kind as Kind),
    );
  const sends = of("rate", "senders");
  const parts = [
    `\n${machine.cores} cores (${machine.model}), ${machine.memoryGigabytes} GB, Node.js ${machine.node}, ${machine.system}; commit ${commit}`,
    `Before: ${describeOthers(before)}\n`,
    sends.length > 0 ? sendsTable(sends) : "",
    of("sockets").map(socketsLine).join("\n"),
    of("times").map(timesLine).join("\n"),
    cpuTable(of("rate", "senders", "sockets")),
    verdict(results),
  ];
  return `${parts.filter((part) => part !== "").join("\n")}\n`;
}

function sendsTable(sends: SendsResult[]): string {
  const header = [
    "",
    "done/s",
    "answer p50",
    "p95",
    "p99",
    "max ms",
    "delivery p50",
    "p95",
    "p99",
    "max ms",
    "refused",
    "original",
  ];
  const rows = sends.map(({ kind, load, perSecond, answerMs, deliveryMs, refused }) => [
    kind === "rate" ? `${load} sends/s` : `${load} senders`,
    perSecond.toFixed(1),
    ...[answerMs, deliveryMs].flatMap(({ p50, p95, p99, max }) => [p50, p95, p99, max].map(ms)),
    String(Object.values(refused).reduce((sum, count) => sum + count, 0)),
    originalOf({ kind, load }),
  ]);
  return table(header, rows);
}

function originalOf({ kind, load }: Pick<SendsResult, "kind" | "load">): string {
  if (kind === "senders") return ORIGINAL.sendsPerSecond[load] ? `${ORIGINAL.sendsPerSecond[load]}/s` : none;
  const delivery = ORIGINAL.deliveryMs[load];
  return delivery === undefined ? none : `delivery p50 ${delivery.p50}, p99 ${delivery.p99}`;
}

function socketsLine({ opened, perSecond, openMs }: SocketsResult): string {
  return (
    `sockets: ${perSecond.toFixed(0)} accepted/s (original ${ORIGINAL.socketsPerSecond}); ${opened} opened, each in ` +
    `p50 ${ms(openMs.p50)}, p99 ${ms(openMs.p99)}, max ${ms(openMs.max)} ms`
  );
}

function timesLine({ name, what, ms: took }: TimesResult): string {
  return `${name}: ${what}: median ${ms(took.p50)}, max ${ms(took.max)} ms of ${took.count}`;
}

function cpuTable(sends: (SendsResult | SocketsResult)[]): string {
  if (sends.length === 0) return "";
  const names = [...new Set(sends.flatMap(({ cpuMs }) => Object.keys(cpuMs)))];
  const short = (name: string) => name.replace(/^Functions(.*)Function[0-9A-F]{8}$/, "$1");
  const rows = sends.map(({ name, cpuMs }) => [
    name,
    ...names.map((each) => (cpuMs[each] ?? 0).toFixed(2)),
    Object.values(cpuMs)
      .reduce((sum, each) => sum + each, 0)
      .toFixed(2),
  ]);
  return `\n${table(["ms of processor each", ...names.map(short), "sum"], rows)}`;
}

function verdict(results: Run["results"]): string {
  const faults = results.flatMap((result) => ("faults" in result ? [result.faults] : []));
  const of = (name: "lost" | "doubled" | "outOfOrder") => faults.reduce((sum, each) => sum + each[name], 0);
  const pushes = results.flatMap((result) => ("pushes" in result ? [result.pushes] : []));
  const repeated = pushes.reduce((sum, each) => sum + each.repeated, 0);
  const overtaken = pushes.reduce((sum, each) => sum + each.overtaken, 0);
  const loud = results.filter(({ others }) => others.share > QUIET_SHARE_MAX);
  const noise = (each: { name: string; others: Others }) => `  ${each.name}: ${describeOthers(each.others)}`;
  return [
    `\n${of("lost")} lost, ${of("doubled")} doubled, ${of("outOfOrder")} out of order` +
      ` (pushes that clients put right: ${repeated} repeated, ${overtaken} overtaken)`,
    ...results.flatMap(refusals),
    ...(faultsOf({ results }) > 0 ? ["NOT AS IT MUST BE"] : []),
    ...(loud.length > 0 ? ["The machine was not quiet, so times are too long:", ...loud.map(noise)] : []),
  ].join("\n");
}

/** Refused is not lost: the sender knows. */
function refusals(result: Run["results"][number]): string[] {
  const statuses = "refused" in result ? Object.entries(result.refused) : [];
  return statuses.map(([status, count]) => `${result.name}: ${count} sends were answered ${status}`);
}
