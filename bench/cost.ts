import {
  ASSUMED,
  allIn,
  bill,
  connectionHours,
  lambdaMs,
  levers,
  message,
  messageAtSteadyLoad,
  total,
} from "./bill.ts";
import type { Use } from "./metered-system.ts";
import { type OperationName, useOfOperations } from "./operations.ts";
import { command } from "./options.ts";
import { AWS, OTHERS, type Price, region } from "./prices.ts";
import { progress, progressDone } from "./progress.ts";
import { MONTH, offers } from "./rivals.ts";
import { table } from "./table.ts";

const HELP = `npm run bench:cost -- [options]

Runs each operation through the whole system on DynamoDB Local, counts what AWS would charge for, and prints units and
dollars for a million; and what others would take for the same. Prices are those of bench/prices.ts.

  --json         prints what was counted, and the dollars, as JSON
  --help
`;

const dollars = (value: number) => value.toFixed(2);
const count = (value: number) => String(Number(value.toFixed(2)));

function report(uses: Record<OperationName, Use>): string {
  return [
    `\nWhat one operation uses (functions with ${ASSUMED.memoryMegabytes} MB)\n`,
    unitsTable(uses),
    `\nDollars for a million (${region}, on demand, first tier, no free tier)\n`,
    dollarsTable(uses),
    `
A million messages, stored and delivered to one device each: $${dollars(total(message(uses)))} straight at the APIs
`,
    lines(message(uses)),
    `
The same with capacity bought for a load that is always there (-c sendsPerSecond=…): $${dollars(total(messageAtSteadyLoad(uses)))}
`,
    lines(messageAtSteadyLoad(uses)),
    `
All in, as people are assumed to use it: $${dollars(total(allIn(uses)))}
`,
    lines(allIn(uses)),
    "\nWhat would take some of it off, and is not done\n",
    lines(levers(uses)),
    `\nA million hours of one open socket: $${dollars(total(connectionHours(uses)))}\n`,
    lines(connectionHours(uses)),
    `\nThe same month elsewhere: ${MONTH.users.toLocaleString("en")} users, ${MONTH.messages / 1e6} M messages, ` +
      `${MONTH.connections} sockets open on the average and ${MONTH.connectionsMax} at most\n`,
    table(
      ["", "$ a million messages", "$ a month", "how it is reckoned"],
      offers(uses).map(({ name, perMillion, month, how }) => [
        name,
        perMillion === undefined ? "–" : dollars(perMillion),
        dollars(month),
        how,
      ]),
    ),
    "\nAssumed, since one machine cannot show it\n",
    ...Object.entries(ASSUMED).map(([name, value]) => `  ${name}: ${value}\n`),
    "\nPrices\n",
    ...Object.entries({ ...AWS, ...OTHERS }).map(([name, price]) => `  ${priceLine(name, price)}\n`),
  ].join("");
}

function unitsTable(uses: Record<OperationName, Use>): string {
  const header = [
    "",
    "HTTP",
    "invocations",
    "requests",
    "writes",
    "reads",
    "frames",
    "log B",
    "B out",
    "ms here",
    "ms assumed",
  ];
  const rows = (Object.entries(uses) as [OperationName, Use][]).map(([name, use]) => [
    name,
    ...[use.httpRequests, use.invocations, use.requests, use.write, use.read, use.frames].map(count),
    ...[use.logBytes, use.bytesOut, use.localMs, lambdaMs(name)].map((value) => value.toFixed(0)),
  ]);
  return table(header, rows);
}

function dollarsTable(uses: Record<OperationName, Use>): string {
  const bills = (Object.entries(uses) as [OperationName, Use][]).map(([name, use]) => ({
    name,
    lines: bill(name, use),
  }));
  const names = Object.keys(bills[0]?.lines ?? {}) as (keyof ReturnType<typeof bill>)[];
  return table(
    ["", ...names, "sum"],
    bills.map(({ name, lines }) => [name, ...names.map((each) => dollars(lines[each])), dollars(total(lines))]),
  );
}

const lines = (of: Record<string, number>) =>
  Object.entries(of)
    .map(([name, value]) => `  ${dollars(value).padStart(7)}  ${name}\n`)
    .join("");

const priceLine = (name: string, { dollars: amount, per, unit, asOf, source }: Price) =>
  `${name}: $${amount} for ${per.toLocaleString("en")} ${unit} (${asOf}; ${source})`;

await command(HELP, { json: { type: "boolean", default: false } }, async ({ json }) => {
  const uses = await useOfOperations(progress);
  progressDone();
  const priced = {
    allIn: allIn(uses),
    message: message(uses),
    messageAtSteadyLoad: messageAtSteadyLoad(uses),
    connectionHours: connectionHours(uses),
    offers: offers(uses),
  };
  process.stdout.write(json === true ? `${JSON.stringify({ uses, ...priced }, null, 2)}\n` : report(uses));
});
