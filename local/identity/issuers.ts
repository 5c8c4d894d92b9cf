import { isDeepStrictEqual } from "node:util";
import type { Log, UserPoolModel } from "../model.ts";
import { createIssuer, type Issuer } from "./issuer.ts";

/** The handler of the issuer that stands in for a user pool. */
export type ServeIssuer = (userPool: UserPoolModel) => Promise<Issuer["handle"]>;

/** Makes an issuer for each user pool once, so that its keys stay the same while nothing of the pool changes. */
export function createIssuers(options: { keyDirectory?: string; log: Log }): ServeIssuer {
  const made: { userPool: UserPoolModel; issuer: Issuer }[] = [];
  return async (userPool) => {
    const earlier = made.find((one) => isDeepStrictEqual(one.userPool, userPool));
    if (earlier !== undefined) return earlier.issuer.handle;
    const issuer = await createIssuer({ userPool, ...options });
    made.push({ userPool, issuer });
    return issuer.handle;
  };
}
