import { Aws, Duration, Lazy, type RemovalPolicy, Stack } from "aws-cdk-lib";
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
import type { WebConfig } from "../web/session/config.ts";
import { acceptFinding } from "./accepted-findings.ts";

/** An OIDC provider of the deployer's own. */
export interface OidcProvider {
  /** The `iss` of its tokens: an https URL whose `/.well-known/openid-configuration` names the keys. */
  issuer: string;
  /** The `aud` of its access tokens (or their `client_id` where they have no `aud`). */
  audience: string;
  /** The claim of the access token that holds the username. */
  usernameClaim: string;
  /** Of the chat page, a public client that signs in by code with PKCE. Default: `audience`. */
  clientId?: string;
  /** What the chat page asks for. Default: `openid profile offline_access`, the last for a refresh token. */
  scope?: string;
  /** What the chat page adds to its request to sign in, as `{ audience: "…" }` where a provider wants it. */
  authorizationParameters?: Record<string, string>;
}

/** What the chat page has to know to sign users in. */
export interface WebClient {
  /** Becomes `config.json`. */
  config: WebConfig;
  /** Where the page asks for tokens. They depend on nothing that depends on the website. */
  origins: string[];
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
  readonly webClient: WebClient;
  readonly #webUrls: string[];

  constructor(scope: Construct, id: string, { provider, webUrls, removalPolicy }: IdentityProps) {
    super(scope, id);
    this.#webUrls = [...webUrls];
    if (provider === undefined) {
      this.userPool = this.#createUserPool(removalPolicy);
      this.issuer = this.userPool.userPoolProviderUrl;
      this.audience = this.#createClient(this.userPool);
      this.usernameClaim = "username";
      this.webClient = this.#managedLogin(this.userPool);
    } else {
      const { issuer, audience, usernameClaim, clientId = audience, authorizationParameters } = provider;
      const { scope: asked = "openid profile offline_access" } = provider;
      this.issuer = issuer;
      this.audience = audience;
      this.usernameClaim = usernameClaim;
      this.webClient = {
        config: {
          issuer,
          clientId,
          usernameClaim,
          scope: asked,
          ...(authorizationParameters === undefined ? {} : { authorizationParameters }),
        },
        origins: [new URL(issuer).origin],
      };
    }
  }

  /** Where a web client is served, for the redirects of the user pool's sign-in page; another provider is told elsewhere. */
  addWebUrl(url: string): void {
    this.#webUrls.push(url);
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
  #createClient(userPool: UserPool): string {
    const webUrls = Lazy.list({ produce: () => this.#webUrls });
    const problem =
      "The user pool has to know where web clients are served: give `website` or `webUrls`, or a `provider`.";
    this.node.addValidation({ validate: () => (this.#webUrls.length === 0 ? [problem] : []) });
    const client = userPool.addClient("WebClient", {
      generateSecret: false,
      // A password is taken from whoever has the account's right to ask so, as a service has; by SRP, none is sent.
      authFlows: { adminUserPassword: true, userSrp: true },
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
    new CfnManagedLoginBranding(this, "Branding", {
      userPoolId: userPool.userPoolId,
      clientId: client.userPoolClientId,
      useCognitoProvidedValues: true,
    });
    return client.userPoolClientId;
  }

  #managedLogin(userPool: UserPool): WebClient {
    // The prefix has to be unique in its Region, and may not hold what a stack's name may.
    const stackName = Stack.of(this)
      .stackName.toLowerCase()
      .replace(/[^a-z0-9-]/g, "");
    const domain = userPool.addDomain("ManagedLogin", {
      cognitoDomain: { domainPrefix: `${stackName}-${Aws.ACCOUNT_ID}` },
      managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
    });
    return {
      config: {
        issuer: this.issuer,
        clientId: this.audience,
        usernameClaim: this.usernameClaim,
        scope: "openid profile",
        logoutUrl: `${domain.baseUrl()}/logout`,
      },
      origins: [`https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}`, domain.baseUrl()],
    };
  }
}
