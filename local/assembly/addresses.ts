import type { BaseUrl } from "../model.ts";

/** What is served here, by the ids that stand in its public addresses. */
export interface Served {
  apiIds: Set<string>;
  poolIds: Set<string>;
  /** Pool ids by the prefix of the pool's domain. */
  domains: Map<string, string>;
  /** `d111111abcdef8.cloudfront.net` */
  distributionDomains: Set<string>;
}

// Sources: API Gateway Developer Guide, "Default endpoint"; Amazon Cognito Developer Guide, "Verifying a JSON web
// token" (the issuer) and "Using your own domain" (the prefix domain); CloudFront Developer Guide, "Customize file URLs".
const API_ADDRESS = /(https|wss):\/\/([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com/g;
const ISSUER_ADDRESS = /https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/([a-z0-9-]+_[A-Za-z0-9]+)/g;
const DOMAIN_ADDRESS = /https:\/\/([a-z0-9-]+)\.auth\.[a-z0-9-]+\.amazoncognito\.com/g;
const DISTRIBUTION_ADDRESS = /(?:(https?|wss?):\/\/)?\b([a-z0-9]+\.cloudfront\.net)\b/g;

/** The `iss` of the pool's tokens. */
export function issuerOf(poolId: string, baseUrl: BaseUrl): string {
  return `${baseUrl}/_local/issuer/${poolId}`;
}

/**
 * Puts the local address in the place of every public address of something that is served here, and leaves all other
 * addresses, and ARNs, as they are. A stage stays: `wss://<api>.execute-api.<region>.amazonaws.com/live` becomes
 * `ws://localhost:3000/live`. So a function reaches the runtime through the environment that it is deployed with.
 * The domain name of a distribution becomes `localhost:3000` where it stands alone.
 */
export function localizeAddresses(text: string, served: Served, baseUrl: BaseUrl): string {
  const webSocketBaseUrl = baseUrl.replace(/^http/, "ws");
  return text
    .replace(API_ADDRESS, (address, scheme: string, apiId: string) => {
      if (!served.apiIds.has(apiId)) return address;
      return scheme === "wss" ? webSocketBaseUrl : baseUrl;
    })
    .replace(ISSUER_ADDRESS, (address, poolId: string) =>
      served.poolIds.has(poolId) ? issuerOf(poolId, baseUrl) : address,
    )
    .replace(DOMAIN_ADDRESS, (address, domain: string) => {
      const poolId = served.domains.get(domain);
      return poolId === undefined ? address : issuerOf(poolId, baseUrl);
    })
    .replace(DISTRIBUTION_ADDRESS, (address, scheme: string | undefined, domain: string) => {
      if (!served.distributionDomains.has(domain)) return address;
      if (scheme === undefined) return new URL(baseUrl).host;
      return scheme.startsWith("ws") ? webSocketBaseUrl : baseUrl;
    });
}
