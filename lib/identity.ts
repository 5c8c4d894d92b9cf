import { Aws, Duration, type RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AccountRecovery,
  CfnManagedLoginBranding,
  ManagedLoginVersion,
  Mfa,
  OAuthScope,
  UserPool,
  UserPoolOperation,
} from "aws-cdk-lib/aws-cognito";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { acceptFinding } from "./accepted-findings.ts";

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
  webUrls: readonly string[];
  removalPolicy: RemovalPolicy;
}

/** Who may sign in: whose access tokens both APIs take. */
export class Identity extends Construct implements OidcProvider {
  readonly issuer: string;
  readonly audience: string;
  readonly usernameClaim: string;
  /** Absent where there is another provider. */
  readonly userPool?: UserPool;

  constructor(scope: Construct, id: string, { provider, webUrls, removalPolicy }: IdentityProps) {
    super(scope, id);
    if (provider === undefined) {
      this.userPool = this.#createUserPool(removalPolicy);
      this.issuer = this.userPool.userPoolProviderUrl;
      this.audience = this.#createClient(this.userPool, [...webUrls]);
      this.usernameClaim = "username";
    } else {
      this.issuer = provider.issuer;
      this.audience = provider.audience;
      this.usernameClaim = provider.usernameClaim;
    }
  }

  get hasUserPool(): boolean {
    return this.userPool !== undefined;
  }

  /** Asks the function before anybody signs up; another provider than the user pool cannot ask it. */
  checkSignUps(preSignUp: IFunction): void {
    this.userPool?.addTrigger(UserPoolOperation.PRE_SIGN_UP, preSignUp);
  }

  #createUserPool(removalPolicy: RemovalPolicy): UserPool {
    const userPool = new UserPool(this, "UserPool", {
      selfSignUpEnabled: true,
      signInAliases: { username: true, email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
      },
      // Each for themselves, with an app: a text message costs, and a phone number can be taken over.
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      removalPolicy,
      deletionProtection: removalPolicy === "retain",
    });
    acceptFinding(userPool, {
      id: "AwsSolutions-COG2",
      reason: "A second factor is each user's own choice: who may not be locked out of their messages by a lost phone.",
    });
    acceptFinding(userPool, {
      id: "AwsSolutions-COG8",
      reason: "The plus plan costs per user and month; whoever needs its threat protection turns it on for the pool.",
    });
    return userPool;
  }

  /** Answers the client id. */
  #createClient(userPool: UserPool, webUrls: string[]): string {
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
    return client.userPoolClientId;
  }
}
