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
  distributions: DistributionModel[];
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

/** A CloudFront distribution, served at the root: one origin for all that its behaviors lead to. */
export interface DistributionModel {
  path: string;
  distributionId: string;
  domainName: string;
  /** `index.html`: the path, below `/`, that a request for `/` gets. Absent: it gets none. */
  defaultRootObject?: string;
  /** In the order in which they are tried; the default is the last, with the pattern `*`. */
  behaviors: BehaviorModel[];
  /** For every behavior, as CloudFront has it: an error of an API is replaced too. */
  errorResponses: ErrorResponseModel[];
}

export interface BehaviorModel {
  /** `/api/*`: `*` stands for any characters, `?` for one. */
  pathPattern: string;
  allowedMethods: string[];
  origin: OriginModel;
  responseHeaders?: ResponseHeadersModel;
  viewerRequest?: EdgeFunctionModel;
  viewerResponse?: EdgeFunctionModel;
}

/** `originPath` is put before the path of every request; it is empty, or begins with `/` and does not end with it. */
export type OriginModel =
  | { kind: "bucket"; originPath: string; objects: ReadonlyMap<string, ObjectModel> }
  | { kind: "api"; originPath: string; apiId: string };

/** An object of a bucket, by whose key it is found. */
export interface ObjectModel {
  /** A file by its absolute path; or bytes, where values of the deployment were put into the file. */
  content: { file: string } | { bytes: Buffer };
  /** What was stored with it, by lower-case name: `content-type`, `cache-control`. */
  headers: Record<string, string>;
}

/** An answer of an origin with the status code `errorCode` becomes the object at `pagePath`, with `responseCode`. */
export interface ErrorResponseModel {
  errorCode: number;
  responseCode: number;
  pagePath: string;
}

export interface ResponseHeadersModel {
  /** One without `override` gives way to the origin's. */
  set: { name: string; value: string; override: boolean }[];
  remove: string[];
}

/** A CloudFront Function. */
export interface EdgeFunctionModel {
  path: string;
  /** A script that defines `handler`. */
  code: string;
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
