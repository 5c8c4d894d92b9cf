import { Aws, Duration, type RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AccountRecovery,
  CfnManagedLoginBranding,
  ManagedLoginVersion,
  OAuthScope,
  UserPool,
} from "aws-cdk-lib/aws-cognito";
import { Construct } from "constructs";

/** An OIDC provider of the deployer's own. */
export interface OidcProvider {
  /** The `iss` of its tokens: an https URL whose `/.well-known/openid-configuration` names the keys. */
  issuer: string;
  /** The `aud` of its access tokens (or their `client_id` where they have no `aud`). */
  audience: string;
  /** The claim of the access token that holds the username. */
  usernameClaim: string;
}

export interface IdentityProps {
  /** Absent: a Cognito user pool with managed login is made. */
  provider?: OidcProvider;
  /** Where the web client is served, for Cognito's redirects. */
  webUrls: string[];
  removalPolicy: RemovalPolicy;
}

/** Who may sign in: whose access tokens both APIs take. */
export class Identity extends Construct implements OidcProvider {
  readonly issuer: string;
  readonly audience: string;
  readonly usernameClaim: string;

  constructor(scope: Construct, id: string, { provider, webUrls, removalPolicy }: IdentityProps) {
    super(scope, id);
    const { issuer, audience, usernameClaim } = provider ?? this.#createUserPool({ webUrls, removalPolicy });
    this.issuer = issuer;
    this.audience = audience;
    this.usernameClaim = usernameClaim;
  }

  #createUserPool({ webUrls, removalPolicy }: { webUrls: string[]; removalPolicy: RemovalPolicy }): OidcProvider {
    const userPool = new UserPool(this, "UserPool", {
      selfSignUpEnabled: true,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: { minLength: 12, requireLowercase: true, requireUppercase: true, requireDigits: true },
      removalPolicy,
      deletionProtection: removalPolicy === "retain",
    });
    const client = userPool.addClient("WebClient", {
      generateSecret: false,
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID, OAuthScope.PROFILE, OAuthScope.EMAIL],
        callbackUrls: webUrls,
        logoutUrls: webUrls,
      },
    });
    // The prefix has to be unique in its Region, and may not hold what a stack's name may.
    const stackName = Stack.of(this)
      .stackName.toLowerCase()
      .replace(/[^a-z0-9-]/g, "");
    userPool.addDomain("ManagedLogin", {
      cognitoDomain: { domainPrefix: `${stackName}-${Aws.ACCOUNT_ID}` },
      managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
    });
    new CfnManagedLoginBranding(this, "Branding", {
      userPoolId: userPool.userPoolId,
      clientId: client.userPoolClientId,
      useCognitoProvidedValues: true,
    });
    return { issuer: userPool.userPoolProviderUrl, audience: client.userPoolClientId, usernameClaim: "username" };
  }
}
