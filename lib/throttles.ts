import type { CfnStage, IStage } from "aws-cdk-lib/aws-apigatewayv2";

/** What a route takes before the gateway answers 429 by itself, for all users together. */
export interface Throttle {
  requestsPerSecond: number;
  /** How many may come at once. */
  burst: number;
}

/**
 * Of the account's 10,000 requests a second a tenth, so that nothing that runs wild here takes the account's other APIs
 * down, and a route that is flooded costs some $15 an hour, not $150.
 * Source: API Gateway quotas, "Throttle quota per account, per Region".
 */
export const THROTTLE_DEFAULT: Throttle = { requestsPerSecond: 1000, burst: 2000 };

/** How much less than others a route takes that people use seldom. */
const SELDOM_SHARE = 0.1;

/**
 * Limits each route of the stage: to `throttle`, and those that people use seldom to a tenth of that. The limit is each
 * route's own, so that nobody who floods one keeps others from being answered.
 */
export function throttleRoutes(
  stage: IStage,
  { throttle, seldom }: { throttle: Throttle; seldom: readonly string[] },
): void {
  const resource = stage.node.defaultChild as CfnStage;
  resource.defaultRouteSettings = settings(throttle);
  const less = {
    requestsPerSecond: Math.max(1, Math.ceil(throttle.requestsPerSecond * SELDOM_SHARE)),
    burst: Math.max(1, Math.ceil(throttle.burst * SELDOM_SHARE)),
  };
  // This property is JSON to CloudFormation, so that the CDK does not turn the names' first letters into capitals.
  const { throttlingRateLimit: ThrottlingRateLimit, throttlingBurstLimit: ThrottlingBurstLimit } = settings(less);
  resource.routeSettings = Object.fromEntries(
    seldom.map((routeKey) => [routeKey, { ThrottlingRateLimit, ThrottlingBurstLimit }]),
  );
}

function settings({ requestsPerSecond, burst }: Throttle) {
  return { throttlingRateLimit: requestsPerSecond, throttlingBurstLimit: burst };
}
