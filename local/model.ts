/**
 * What a synthesized app asks the runtime to serve. `assembly/` makes it from `cdk.out`, with every
 * intrinsic function already resolved; the rest of `local/` reads this and never the template.
 */
export interface AppModel {
  tables: TableModel[];
  functions: FunctionModel[];
  httpApis: HttpApiModel[];
  webSocketApis: WebSocketApiModel[];
  userPools: UserPoolModel[];
}

export interface TableModel {
  /** Construct path of the resource, for messages: `Shop/Orders/Resource`. */
  path: string;
  tableName: string;
  keySchema: { attributeName: string; keyType: "HASH" | "RANGE" }[];
  attributeDefinitions: { attributeName: string; attributeType: "S" | "N" | "B" }[];
  /** Attribute that holds the expiry in seconds since the epoch; absent when TTL is off. */
  ttlAttribute?: string;
}

export interface FunctionModel {
  path: string;
  functionName: string;
  arn: string;
  /** Absolute path of the unpacked code asset. */
  codeDirectory: string;
  /** `index.handler`: module `index.mjs` (or `.js`, `.cjs`), export `handler`. */
  handler: string;
  timeoutSeconds: number;
  memoryMegabytes: number;
  /** Absent: as many environments as the machine bears. */
  reservedConcurrency?: number;
  environment: Record<string, string>;
}

export interface JwtAuthorizerModel {
  issuer: string;
  audience: string[];
  /** `$request.header.Authorization` or `$request.querystring.name`, tried in order. */
  identitySources: string[];
}

export interface HttpRouteModel {
  /** `POST /api/conversations/{peer}/messages`, `ANY /x/{proxy+}` or `$default`. */
  routeKey: string;
  functionArn: string;
  timeoutMs: number;
  authorizer?: JwtAuthorizerModel;
  scopes: string[];
}

/** The CorsConfiguration of an API. */
export interface CorsModel {
  /** `https://app.example.com`; `https://*` and `http://*` are any host of that scheme, `*` is any origin. */
  allowOrigins: string[];
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  allowCredentials: boolean;
  /** How long a browser may remember a preflight; absent, it decides. */
  maxAgeSeconds?: number;
}

export interface HttpApiModel {
  path: string;
  apiId: string;
  /** `$default` is served at the root; a named stage below `/name`. */
  stage: string;
  routes: HttpRouteModel[];
  cors?: CorsModel;
}

export interface WebSocketRouteModel {
  /** `$connect`, `$disconnect`, `$default`, or the value that the selection expression finds. */
  routeKey: string;
  functionArn: string;
  timeoutMs: number;
  /** True where the route has a route response, so that the function's body is sent as a frame. */
  twoWay: boolean;
}

export interface WebSocketApiModel {
  path: string;
  apiId: string;
  /** Served at `/stage`; the management API below `/stage/@connections/`. */
  stage: string;
  /** `$request.body.action` */
  routeSelectionExpression: string;
  routes: WebSocketRouteModel[];
  /** The Lambda REQUEST authorizer of `$connect`. */
  authorizer?: {
    functionArn: string;
    /** `route.request.header.Authorization`; any that is missing refuses the handshake with 401. */
    identitySources: string[];
  };
}

export interface UserPoolModel {
  path: string;
  poolId: string;
  /** The `iss` of every token and the base of `/.well-known/openid-configuration`. */
  issuer: string;
  clients: UserPoolClientModel[];
}

export interface UserPoolClientModel {
  path: string;
  clientId: string;
  callbackUrls: string[];
  logoutUrls: string[];
  scopes: string[];
  accessTokenValiditySeconds: number;
  refreshTokenValiditySeconds: number;
}

/** How one invocation of a function ended. */
export type Invocation =
  | { outcome: "returned"; payload: unknown }
  /** The handler threw, or its module failed to load. `errorMessage` is what the handler threw. */
  | { outcome: "failed"; errorType: string; errorMessage: string }
  | { outcome: "timed-out" }
  /** Every environment that the reserved concurrency allows was busy. */
  | { outcome: "throttled" };

/** Invokes the function with this ARN with an event, which crosses as JSON; never rejects. */
export type Invoke = (functionArn: string, event: unknown) => Promise<Invocation>;

/** Where the runtime can be reached, without a trailing slash: `http://localhost:3000`. */
export type BaseUrl = string;

/** Writes one line for the person who runs the system; `source` is a function's or a part's name. */
export type Log = (source: string, line: string) => void;
