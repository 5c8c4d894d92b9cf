/**
 * What AWS and others ask for, as public list prices, in US dollars without tax, free tiers or discounts for volume.
 * `asOf` is the day of the source where it has one, else the day on which it was looked up, or remembered. Where a page of
 * the vendor could not be read here, the source names the page and by whom its figure is told. Look again before you
 * decide anything.
 */
export interface Price {
  dollars: number;
  per: number;
  unit: string;
  asOf: string;
  source: string;
}

const REGION = "us-east-1";
const REMEMBERED = "as remembered, unconfirmed";
const price = (dollars: number, per: number, unit: string, source: string, asOf = "2026-11-25"): Price => ({
  dollars,
  per,
  unit,
  asOf,
  source,
});

/** Of AWS in us-east-1, on demand, the first tier of each. */
export const AWS = {
  httpRequest: price(
    1,
    1e6,
    "requests",
    "https://aws.amazon.com/api-gateway/pricing/ by https://awsforengineers.com/blog/aws-api-gateway-pricing-explained",
    "2025-05-19",
  ),
  webSocketMessage: price(
    1,
    1e6,
    "messages of up to 32 KB, either way",
    "https://aws.amazon.com/api-gateway/pricing/ (32 KB); the price by https://awsforengineers.com/blog/aws-api-gateway-pricing-explained",
    "2025-05-19",
  ),
  connectionMinute: price(0.25, 1e6, "minutes", `https://aws.amazon.com/api-gateway/pricing/, ${REMEMBERED}`),
  lambdaRequest: price(
    0.2,
    1e6,
    "requests",
    "https://aws.amazon.com/lambda/pricing/ by https://git.mcrn.ar/mariano/lambda_local_runner lambda-13-cost.md",
    "2026-05-11",
  ),
  lambdaGigabyteSecond: price(
    0.0000133334,
    1,
    "GB-s on arm64",
    "https://aws.amazon.com/lambda/pricing/ by https://git.mcrn.ar/mariano/lambda_local_runner lambda-13-cost.md",
    "2026-05-11",
  ),
  writeUnit: price(
    0.625,
    1e6,
    "write request units",
    "https://aws.amazon.com/dynamodb/pricing/on-demand/ by https://airbyte.com/data-engineering-resources/dynamodb-pricing",
  ),
  readUnit: price(
    0.125,
    1e6,
    "read request units",
    "https://aws.amazon.com/dynamodb/pricing/on-demand/ by https://airbyte.com/data-engineering-resources/dynamodb-pricing",
  ),
  provisionedWriteHour: price(
    0.00065,
    1,
    "hours of a write unit a second",
    "https://aws.amazon.com/dynamodb/pricing/provisioned/ by https://zeonedge.com/en/blog/dynamodb-cost-optimization-on-demand-provisioned-dax-single-table",
  ),
  provisionedReadHour: price(
    0.00013,
    1,
    "hours of a read unit a second",
    "https://aws.amazon.com/dynamodb/pricing/provisioned/ by https://zeonedge.com/en/blog/dynamodb-cost-optimization-on-demand-provisioned-dax-single-table",
  ),
  storedGigabyteMonth: price(0.25, 1, "GB-months", "https://aws.amazon.com/dynamodb/pricing/, an older version of it"),
  recoverableGigabyteMonth: price(
    0.2,
    1,
    "GB-months of point-in-time recovery",
    `https://aws.amazon.com/dynamodb/pricing/on-demand/, ${REMEMBERED}`,
  ),
  loggedGigabyte: price(
    0.5,
    1,
    "GB taken in",
    "https://aws.amazon.com/cloudwatch/pricing/ by https://cloudcostcutter.cloud/article/aws-cloudwatch-cost-optimization-logs-metrics-alarms-2026",
  ),
  loggedSeldomReadGigabyte: price(
    0.25,
    1,
    "GB taken in, of the class Infrequent Access",
    "https://aws.amazon.com/cloudwatch/pricing/ by https://cloudcostcutter.cloud/article/aws-cloudwatch-cost-optimization-logs-metrics-alarms-2026",
  ),
  gigabyteOut: price(
    0.09,
    1,
    "GB to the internet",
    "https://aws.amazon.com/ec2/pricing/on-demand/ by https://awsforengineers.com/blog/aws-api-gateway-pricing-explained",
    "2025-05-19",
  ),
  cloudFrontRequest: price(
    0.01,
    10_000,
    "HTTPS requests, United States and Europe",
    `https://aws.amazon.com/cloudfront/pricing/, ${REMEMBERED}`,
  ),
  appSyncEventOperation: price(
    1,
    1e6,
    "operations: an event in, a handler run, an event out",
    `https://aws.amazon.com/appsync/pricing/, ${REMEMBERED}`,
  ),
  appSyncConnectionMinute: price(
    0.08,
    1e6,
    "minutes",
    "https://aws.amazon.com/appsync/pricing/ (AppSync GraphQL says the same figure)",
    "2026-11-25",
  ),
} as const;

export const OTHERS = {
  ablyPackage: price(29, 1, "months of the package Standard", "https://ably.com/docs/pricing", "2026-11-25"),
  ablyMessage: price(
    2.5,
    1e6,
    "messages: one in, and one out for each device",
    `https://ably.com/pricing, ${REMEMBERED}; an older https://ably.com/pricing/full-calculator has it`,
  ),
  ablyConnectionMinute: price(1, 1e6, "minutes", `https://ably.com/pricing, ${REMEMBERED}`),
  ablyChannelMinute: price(1, 1e6, "minutes", `https://ably.com/pricing, ${REMEMBERED}`),
  pusherStartup: price(
    49,
    1,
    "months: 500 connections, 1 M messages a day",
    "https://pusher.com/channels/pricing/ by https://blog.mattheworiordan.com/p/transparent-pricing-that-rewards",
    "2026-11-25",
  ),
  pusherPro: price(
    99,
    1,
    "months: 2,000 connections, 4 M messages a day",
    `https://pusher.com/channels/pricing/, ${REMEMBERED}`,
  ),
  stream10kUsers: price(
    499,
    1,
    "months: 10,000 monthly users, 500 at once",
    `https://getstream.io/chat/pricing/, ${REMEMBERED}; that it counts users and not messages is confirmed there`,
  ),
} as const;

export const region = REGION;

/** What so many units cost, in dollars. */
export const cost = (price: Price, units: number): number => (units * price.dollars) / price.per;
