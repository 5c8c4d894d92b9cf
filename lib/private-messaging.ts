import { Names, RemovalPolicy } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { UserPool } from "aws-cdk-lib/aws-cognito";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { SENDER_LIMITS_DEFAULT, type SenderLimits } from "../functions/protocol/limits.ts";
import { Alarms } from "./alarms.ts";
import { DuetDashboard } from "./dashboard.ts";
import { Functions } from "./functions.ts";
import { DuetHttpApi } from "./http-api.ts";
import { Identity, type OidcProvider } from "./identity.ts";
import { DuetMetrics } from "./metrics.ts";
import type { SteadyLoad } from "./steady-load.ts";
import { Tables } from "./tables.ts";
import { THROTTLE_DEFAULT, type Throttle } from "./throttles.ts";
import { Website, type WebsiteProps } from "./website.ts";
import { DuetWebSocketApi } from "./websocket-api.ts";

export type { OidcProvider, SenderLimits, SteadyLoad, Throttle, WebsiteProps };

const RUNBOOK_PATH = "docs/operations.md";

export interface PrivateMessagingProps {
  /**
   * Who signs users in: any OpenID Connect provider whose access tokens are JWTs.
   * Default: a Cognito user pool with managed login is made.
   */
  provider?: OidcProvider;
  /**
   * Whether the chat page is served, and both APIs with it, at one address by CloudFront; with a domain of one's own and
   * a firewall, if wanted. Default: it is not.
   */
  website?: boolean | WebsiteProps;
  /**
   * Where other clients are, as `https://app.example/` and, of a native app, `exampleapp://signed-in`. The user pool's
   * sign-in page sends people back there and nowhere else, and web pages of these origins may call the API from a
   * browser. A user pool has to be given one, if there is no website.
   */
  webUrls?: readonly string[];
  /**
   * What one sender may do: messages in 10 s, new conversations in an hour. Default 20 and 30; `null` is no limit, and
   * neither holds for the users in `unlimited`.
   */
  limits?: SenderLimits;
  /**
   * `strip` takes tags, comments, scripts and styles out of a message's text before it is stored; `keep` stores it as
   * typed, and every client has to escape it. Default `strip`. What is stored already does not change.
   */
  markup?: "strip" | "keep";
  /** What each route takes of all users together, a second and at once. Default 1,000 and 2,000. */
  throttle?: Throttle;
  /**
   * Buys capacity for a load that is always there, for the two tables that each send writes to: it takes more than a dollar
   * off a million messages, and follows the load in minutes. What comes suddenly above it is refused with `unavailable`,
   * and is sent again. Default: on demand, which costs nothing while nobody writes and takes what comes.
   */
  steadyLoad?: SteadyLoad;
  /**
   * Whether X-Ray traces the functions: a request in twenty, at the price of X-Ray. Every function's role is then allowed
   * to write any trace. Default false: metrics time each step of each send.
   */
  tracing?: boolean;
  /** How long logs are kept. Messages are kept until they are deleted. Default one month. */
  logRetention?: RetentionDays;
  /**
   * What becomes of tables, user pool and logs when the stack is deleted. Default `RETAIN`, which also protects the
   * tables and the user pool from being deleted by hand.
   */
  removalPolicy?: RemovalPolicy;
  /** Is told when an alarm goes off and when it is over. Default: alarms are seen in CloudWatch only. */
  alarmsTopic?: ITopic;
  /** Where `docs/operations.md` can be read, for the links in the alarms. Default: its path in this repository. */
  runbookUrl?: string;
  /**
   * Whether API Gateway has a role for its logs in this account and Region already. Default false: it is given one,
   * and the setting stays when the stack is deleted, because it holds for every API.
   */
  hasApiGatewayLogRole?: boolean;
}

/**
 * One-to-one private messaging: HTTP API, WebSocket API, functions, tables and, unless there is another provider, a
 * user pool. Nothing of it costs anything while nobody writes, but for the alarms.
 */
export class PrivateMessaging extends Construct {
  /** `https://…`, without `/api`. Where there is a website, this is its address. */
  readonly apiUrl: string;
  /** `wss://…/ws` */
  readonly webSocketUrl: string;
  /** The chat page, if it is served. */
  readonly website?: Website;
  /** For actions of one's own. */
  readonly alarms: readonly Alarm[];
  /** Who signs users in, as clients have to know: the provider that was given, or the user pool and its client. */
  readonly provider: OidcProvider & { clientId: string };
  /** Absent where there is another provider. A service that signs in by itself needs `cognito-idp:AdminInitiateAuth` on it. */
  readonly userPool?: UserPool;

  constructor(scope: Construct, id: string, props: PrivateMessagingProps = {}) {
    super(scope, id);
    const { provider, website = false, webUrls = [], limits = SENDER_LIMITS_DEFAULT, markup = "strip" } = props;
    const { throttle = THROTTLE_DEFAULT, removalPolicy = RemovalPolicy.RETAIN, steadyLoad, tracing = false } = props;
    const { hasApiGatewayLogRole = false, logRetention = RetentionDays.ONE_MONTH } = props;
    const logs = { retention: logRetention, removalPolicy };
    const service = Names.uniqueResourceName(this, { maxLength: 64 });

    const tables = new Tables(this, "Tables", {
      removalPolicy,
      ...(steadyLoad === undefined ? {} : { steadyLoad }),
    });
    const identity = new Identity(this, "Identity", {
      webUrls,
      removalPolicy,
      ...(provider === undefined ? {} : { provider }),
    });
    const functions = new Functions(this, "Functions", {
      tables,
      identity,
      limits,
      markup,
      logs,
      service,
      tracing,
    });
    if (identity.hasUserPool) identity.checkSignUps(functions.get("identity/pre-sign-up"));
    const httpApi = new DuetHttpApi(this, "HttpApi", { webUrls, functions, identity, throttle, logs });
    const webSocketApi = new DuetWebSocketApi(this, "WebSocketApi", {
      functions,
      throttle,
      logs,
      hasLogRole: hasApiGatewayLogRole,
    });

    const metrics = new DuetMetrics(this, "Metrics", {
      service,
      functions,
      tables,
      httpApi: httpApi.api,
      webSocketApi: webSocketApi.api,
    });
    const { alarmsTopic, runbookUrl = RUNBOOK_PATH } = props;
    const { alarms } = new Alarms(this, "Alarms", {
      metrics,
      runbookUrl,
      ...(alarmsTopic === undefined ? {} : { topic: alarmsTopic }),
    });
    new DuetDashboard(this, "Dashboard", { metrics, alarms });
    this.alarms = alarms;

    if (website !== false) {
      this.website = new Website(this, "Website", {
        ...(website === true ? {} : website),
        httpApi: httpApi.api,
        webSocketApi: webSocketApi.api,
        client: identity.webClient,
        removalPolicy,
        logs,
      });
      identity.addWebUrl(`${this.website.url}/`);
    }
    this.apiUrl = this.website?.url ?? httpApi.url;
    this.webSocketUrl =
      this.website === undefined ? webSocketApi.url : `${this.website.url.replace("https", "wss")}/ws`;
    const { issuer, audience, usernameClaim, webClient } = identity;
    if (identity.userPool !== undefined) this.userPool = identity.userPool;
    this.provider = { issuer, audience, usernameClaim, clientId: webClient.config.clientId };
  }
}
