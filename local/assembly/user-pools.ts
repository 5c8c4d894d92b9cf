import * as v from "valibot";
import type { BaseUrl, UserPoolClientModel, UserPoolModel } from "../model.ts";
import { issuerOf } from "./addresses.ts";
import { AssemblyError } from "./assembly-error.ts";
import { groupByOwner } from "./group-by-owner.ts";
import { only, text, wholeNumber, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

// The local issuer signs anybody in under the name that they type: no password, no message, no account.
const UserPoolSchema = v.strictObject({
  // Nobody signs up. A trigger that changes tokens or is asked at a sign-in would have to be called, and is refused.
  LambdaConfig: v.optional(v.strictObject(withoutLocalEffect("PreSignUp"))),
  ...withoutLocalEffect(
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailAuthenticationMessage",
    "EmailAuthenticationSubject",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "EnabledMfas",
    "MfaConfiguration",
    "Policies",
    "Schema",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UserPoolName",
    "UserPoolTags",
    "UserPoolTier",
    "UsernameAttributes",
    "UsernameConfiguration",
    "VerificationMessageTemplate",
    "WebAuthnRelyingPartyID",
    "WebAuthnUserVerification",
  ),
});

const UserPoolDomainSchema = v.strictObject({
  Domain: text,
  UserPoolId: text,
  ...withoutLocalEffect("ManagedLoginVersion"),
});

const SECONDS_PER_UNIT = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const unit = v.optional(v.picklist(["seconds", "minutes", "hours", "days"]));

/** Only what signs in through the browser with the authorization code flow, and keeps no secret, is served. */
const UserPoolClientSchema = v.strictObject({
  UserPoolId: text,
  ClientName: v.optional(text),
  CallbackURLs: v.optional(v.array(text), []),
  LogoutURLs: v.optional(v.array(text), []),
  AllowedOAuthFlows: v.array(v.literal("code")),
  AllowedOAuthFlowsUserPoolClient: v.literal(true),
  AllowedOAuthScopes: v.optional(v.array(text), []),
  GenerateSecret: only(false),
  AccessTokenValidity: v.optional(wholeNumber),
  RefreshTokenValidity: v.optional(wholeNumber),
  TokenValidityUnits: v.optional(v.strictObject({ AccessToken: unit, IdToken: unit, RefreshToken: unit }), {}),
  ...withoutLocalEffect(
    "AnalyticsConfiguration",
    "AuthSessionValidity",
    "DefaultRedirectURI",
    "EnablePropagateAdditionalUserContextData",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "IdTokenValidity",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "SupportedIdentityProviders",
    "WriteAttributes",
  ),
});

export function readUserPools(stack: Stack, baseUrl: BaseUrl): UserPoolModel[] {
  const pools = stack.resources("AWS::Cognito::UserPool");
  const clientsOf = groupByOwner(stack, {
    type: "AWS::Cognito::UserPoolClient",
    property: "UserPoolId",
    owners: pools,
  });
  for (const domain of stack.resources("AWS::Cognito::UserPoolDomain")) stack.properties(domain, UserPoolDomainSchema);

  return pools.map((pool) => {
    stack.properties(pool, UserPoolSchema);
    const poolId = stack.identity(pool).ref;
    return {
      path: pool.path,
      poolId,
      issuer: issuerOf(poolId, baseUrl),
      clients: clientsOf(pool).map((client) => readClient(stack, client)),
    };
  });
}

/** Sources of defaults and limits: Amazon Cognito user pools API Reference, `CreateUserPoolClient`. */
function readClient(stack: Stack, client: Resource): UserPoolClientModel {
  const properties = stack.properties(client, UserPoolClientSchema);
  const { AccessToken: accessUnit = "hours", RefreshToken: refreshUnit = "days" } = properties.TokenValidityUnits;
  return {
    path: client.path,
    clientId: stack.identity(client).ref,
    callbackUrls: properties.CallbackURLs,
    logoutUrls: properties.LogoutURLs,
    scopes: properties.AllowedOAuthScopes,
    accessTokenValiditySeconds: validitySeconds(client, {
      property: "AccessTokenValidity",
      seconds: (properties.AccessTokenValidity ?? 0) * SECONDS_PER_UNIT[accessUnit],
      defaultSeconds: 3600,
      minSeconds: 5 * 60,
      maxSeconds: 86_400,
    }),
    refreshTokenValiditySeconds: validitySeconds(client, {
      property: "RefreshTokenValidity",
      seconds: (properties.RefreshTokenValidity ?? 0) * SECONDS_PER_UNIT[refreshUnit],
      defaultSeconds: 30 * 86_400,
      minSeconds: 3600,
      maxSeconds: 3650 * 86_400,
    }),
  };
}

interface Validity {
  property: string;
  /** 0 stands for the default. */
  seconds: number;
  defaultSeconds: number;
  minSeconds: number;
  maxSeconds: number;
}

function validitySeconds(client: Resource, validity: Validity): number {
  const { property, seconds, defaultSeconds, minSeconds, maxSeconds } = validity;
  if (seconds === 0) return defaultSeconds;
  if (seconds >= minSeconds && seconds <= maxSeconds) return seconds;
  throw new AssemblyError(
    client,
    `property ${property}: expected ${minSeconds} to ${maxSeconds} seconds, was given ${seconds} seconds`,
  );
}
