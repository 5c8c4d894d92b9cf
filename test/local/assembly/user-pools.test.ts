// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how Fn::Sub is written.
import { expect, test } from "vitest";
import type { UserPoolClientModel } from "../../../local/model.ts";
import { lambda, load, resource } from "./write-assembly.ts";

const Pool = resource("Pool", "AWS::Cognito::UserPool", {});

function client(properties: object = {}): object {
  return resource("Client", "AWS::Cognito::UserPoolClient", {
    UserPoolId: { Ref: "Pool" },
    AllowedOAuthFlows: ["code"],
    AllowedOAuthFlowsUserPoolClient: true,
    ...properties,
  });
}

function loadClient(properties: object): UserPoolClientModel | undefined {
  return load({ Resources: { Pool, Client: client(properties) } }).userPools[0]?.clients[0];
}

test.each([
  ["defaults", {}, 3600, 30 * 86_400],
  ["0 for the defaults", { AccessTokenValidity: 0, RefreshTokenValidity: 0 }, 3600, 30 * 86_400],
  ["hours and days without units", { AccessTokenValidity: 2, RefreshTokenValidity: 2 }, 7200, 2 * 86_400],
  [
    "units",
    {
      AccessTokenValidity: 300,
      RefreshTokenValidity: 60,
      TokenValidityUnits: { AccessToken: "seconds", RefreshToken: "minutes" },
    },
    300,
    3600,
  ],
])(
  "tokens are valid as the client says: %s",
  (_, properties, accessTokenValiditySeconds, refreshTokenValiditySeconds) => {
    expect(loadClient(properties)).toMatchObject({ accessTokenValiditySeconds, refreshTokenValiditySeconds });
  },
);

test.each([
  [
    "an access token for less than 5 minutes",
    { AccessTokenValidity: 299, TokenValidityUnits: { AccessToken: "seconds" } },
    "property AccessTokenValidity: expected 300 to 86400 seconds, was given 299 seconds",
  ],
  [
    "an access token for more than a day",
    { AccessTokenValidity: 25 },
    "property AccessTokenValidity: expected 300 to 86400 seconds, was given 90000 seconds",
  ],
  [
    "the implicit flow",
    { AllowedOAuthFlows: ["implicit"] },
    'property AllowedOAuthFlows.0: expected "code", was given "implicit"',
  ],
  ["a client secret", { GenerateSecret: true }, "property GenerateSecret: expected false, was given true"],
  [
    "a client of no pool",
    { UserPoolId: "us-east-1_elsewhere" },
    "belongs to us-east-1_elsewhere (property UserPoolId)",
  ],
])("%s is refused", (_, properties, problem) => {
  expect(() => loadClient(properties)).toThrow(`Shop/Client (AWS::Cognito::UserPoolClient): ${problem}`);
});

test("a pool may ask a function before a sign-up, as nobody signs up here; other triggers are refused", () => {
  const pool = (trigger: string) =>
    resource("Pool", "AWS::Cognito::UserPool", { LambdaConfig: { [trigger]: { "Fn::GetAtt": ["Check", "Arn"] } } });
  const Check = lambda("Check");
  expect(load({ Resources: { Pool: pool("PreSignUp"), Check } }).userPools).toHaveLength(1);
  expect(() => load({ Resources: { Pool: pool("PreTokenGeneration"), Check } })).toThrow(
    "Shop/Pool (AWS::Cognito::UserPool): property LambdaConfig.PreTokenGeneration is not supported by the local runtime",
  );
});

test("the addresses of a pool become its issuer, others stay", () => {
  const Domain = resource("Domain", "AWS::Cognito::UserPoolDomain", { Domain: "shop", UserPoolId: { Ref: "Pool" } });
  const Outputs = {
    Provider: { Value: { "Fn::GetAtt": ["Pool", "ProviderURL"] } },
    Keys: { Value: { "Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}/.well-known/jwks.json" } },
    SignIn: { Value: { "Fn::Sub": "https://${Domain}.auth.${AWS::Region}.amazoncognito.com" } },
    Policy: { Value: { "Fn::Sub": "connect-src ${Pool.ProviderURL} https://other.auth.us-east-1.amazoncognito.com" } },
    OtherPool: { Value: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other" },
    OtherApi: { Value: "https://abcdefghij.execute-api.us-east-1.amazonaws.com/" },
  };
  const app = load({ Resources: { Pool, Domain }, Outputs });
  const issuer = app.userPools[0]?.issuer;
  expect(app.outputs).toEqual({
    Provider: issuer,
    Keys: `${issuer}/.well-known/jwks.json`,
    SignIn: issuer,
    Policy: `connect-src ${issuer} https://other.auth.us-east-1.amazoncognito.com`,
    OtherPool: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other",
    OtherApi: "https://abcdefghij.execute-api.us-east-1.amazonaws.com/",
  });
});
