import { setTimeout as delay } from "node:timers/promises";
import type { APIGatewayRequestAuthorizerEvent, Context } from "aws-lambda";
import { record } from "./records.ts";

const FOREVER_MS = 60_000;
/** Over the 8 KB that the result of an authorizer may have. */
const TOO_MUCH = "x".repeat(9000);

/**
 * Decides as the query parameter `auth`, or the header `x-auth`, says. It is not async, so that it can call back,
 * which is the documented way to answer 401.
 */
export const handler = (
  event: APIGatewayRequestAuthorizerEvent,
  context: Context,
  callback: (error: unknown, result?: unknown) => void,
): Promise<unknown> | undefined => {
  const headers = Object.fromEntries(
    Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { auth = headers["x-auth"] ?? "allow", mark = headers["x-mark"] } = event.queryStringParameters ?? {};
  if (auth !== "call-back-unauthorized") return decide(event, { auth, mark });
  context.callbackWaitsForEmptyEventLoop = false;
  callback("Unauthorized");
  return undefined;
};

async function decide(
  event: APIGatewayRequestAuthorizerEvent,
  { auth, mark }: { auth: string; mark: string | undefined },
): Promise<unknown> {
  if (mark !== undefined) await record(mark, { kind: "AUTHORIZE", detail: event });
  const { methodArn } = event;
  switch (auth) {
    case "allow":
      return result("Allow", methodArn, { number: 1, flag: true, text: "words" });
    case "allow-all":
      return result("Allow", methodArn.replace(/\/.*/, "/*"));
    case "deny":
      return result("Deny", methodArn);
    case "other-resource":
      return result("Allow", methodArn.replace("$connect", "$default"));
    case "too-much":
      return result("Allow", methodArn, { text: TOO_MUCH });
    case "object-in-context":
      return result("Allow", methodArn, { list: ["a"] });
    case "no-policy":
      return { principalId: "probe" };
    case "throw-unauthorized":
      throw new Error("Unauthorized");
    case "throw":
      throw new Error("The probe was asked to throw");
    case "hang":
      return delay(FOREVER_MS);
    default:
      throw new Error(`The probe knows no authorization ${auth}`);
  }
}

function result(Effect: string, Resource: string, context: Record<string, unknown> = {}) {
  const statement = { Action: "execute-api:Invoke", Effect, Resource };
  return { principalId: "probe", policyDocument: { Version: "2012-10-17", Statement: [statement] }, context };
}
