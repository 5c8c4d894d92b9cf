import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Duration } from "aws-cdk-lib";
import type { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { bundleModules } from "../../lib/bundle.ts";

const PROBES = fileURLToPath(new URL("probe", import.meta.url));

/** Each is a module of its own in the one bundle: `http.mjs`. */
const ENTRIES = ["authorize", "broken", "http", "state", "websocket"] as const;

/** Long enough for whatever is meant to end by itself. */
const PATIENT = Duration.seconds(15);
/** Short enough that a test can wait for it, and long enough for a write to the table on a busy machine. */
export const BRIEF = Duration.seconds(3);

/** The functions behind the APIs. */
export class ProbeFunctions extends Construct {
  readonly http: LambdaFunction;
  readonly webSocket: LambdaFunction;
  /** The same code as `webSocket`, but times out soon. */
  readonly briefWebSocket: LambdaFunction;
  readonly authorize: LambdaFunction;
  readonly state: LambdaFunction;
  /** The same code as `state`, for the one test that nothing else may wake. */
  readonly frozen: LambdaFunction;
  /** Throws while its module loads. */
  readonly broken: LambdaFunction;

  constructor(scope: Construct, id: string, { records }: { records: TableV2 }) {
    super(scope, id);
    const bundles = mkdtempSync(join(tmpdir(), "conformance-"));
    bundleModules(
      ENTRIES.map((entry) => ({ in: join(PROBES, `${entry}.ts`), out: entry })),
      bundles,
    );
    const code = Code.fromAsset(bundles);
    const create = (name: string, entry: (typeof ENTRIES)[number], timeout: Duration) => {
      const created = new LambdaFunction(this, name, {
        code,
        handler: `${entry}.handler`,
        // The newest whose handlers may still call back, which is the documented way to answer 401 from an authorizer.
        runtime: Runtime.NODEJS_22_X,
        memorySize: 512,
        timeout,
        environment: { RECORDS_TABLE: records.tableName, GREETING: "hello" },
      });
      records.grantReadWriteData(created);
      return created;
    };
    this.http = create("HttpProbe", "http", PATIENT);
    this.webSocket = create("WebSocketProbe", "websocket", PATIENT);
    this.briefWebSocket = create("BriefProbe", "websocket", BRIEF);
    this.authorize = create("Authorizer", "authorize", BRIEF);
    this.state = create("StateProbe", "state", BRIEF);
    this.frozen = create("FrozenProbe", "state", BRIEF);
    this.broken = create("BrokenProbe", "broken", BRIEF);
    // CDK has a copy of its own as soon as the asset is made.
    rmSync(bundles, { recursive: true });
  }
}
