import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { CANARY, newMark, type Stage } from "../stage/stage.ts";

/** A live function may have several environments; after so many calls one has answered twice. */
const CALLS_MAX = 20;
/** While the function has nothing to do. */
const REST_MS = 500;
/** Of a timer that fires every 10 ms, what may come about while the function works. */
const TICKS_MAX = 25;

/** Where and how functions run. */
export function lambda(stage: () => Stage): void {
  describe.concurrent("an execution environment", () => {
    test("keeps the state of its modules for the next event", async () => {
      const counts = new Map<string, number>();
      for (let call = 0; call < CALLS_MAX; call += 1) {
        const { environmentId, invocations } = await stage().state();
        const before = counts.get(environmentId);
        counts.set(environmentId, invocations);
        if (before === undefined) continue;
        expect(invocations).toBeGreaterThan(before);
        return;
      }
      expect.unreachable(`None of ${CALLS_MAX} calls met an environment again`);
    });

    test("has one event at a time: two at once take two", async () => {
      const place = newMark();
      const [one, two] = await Promise.all([
        stage().state(`do=meet&mark=${place}&name=a&other=b`),
        stage().state(`do=meet&mark=${place}&name=b&other=a`),
      ]);
      expect(one.environmentId).not.toBe(two.environmentId);
      expect([one.running, two.running]).toEqual([1, 1]);
    });

    test("ends with a timeout, and its state and the work under way with it", async () => {
      const mark = newMark();
      await stage().get(`/state?do=hang&mark=${mark}`);
      const lost = await stage().recorded<string>(mark, "hang");
      for (let call = 0; call < 5; call += 1) expect((await stage().state()).environmentId).not.toBe(lost);
      expect((await stage().records(mark)).map(({ kind }) => kind)).toEqual(["hang"]);
    });

    test("rests between events: what nobody awaits stops too", async () => {
      const began = await stage().state("do=tick", "/frozen");
      const beganAtMs = Date.now();
      await delay(REST_MS);
      for (let call = 0; call < CALLS_MAX; call += 1) {
        const { environmentId, ticks } = await stage().state("", "/frozen");
        if (environmentId !== began.environmentId) continue;
        expect(Date.now() - beganAtMs).toBeGreaterThanOrEqual(REST_MS);
        expect(ticks).toBeLessThan(TICKS_MAX);
        return;
      }
      expect.unreachable(`None of ${CALLS_MAX} calls met the environment again`);
    });

    test("whose module does not load fails again at each event", async () => {
      expect([(await stage().get("/broken")).status, (await stage().get("/broken")).status]).toEqual([500, 500]);
    });
  });

  describe.concurrent("the environment variables of a function", () => {
    test("are the function's own", async () => {
      const { environment } = await stage().state();
      expect(environment).toMatchObject({ GREETING: "hello", RECORDS_TABLE: expect.stringContaining("Records") });
    });

    test("are those that Lambda sets", async () => {
      const { environment } = await stage().state();
      expect(environment).toMatchObject({
        _HANDLER: "state.handler",
        AWS_REGION: expect.stringMatching(/^[a-z]+(-[a-z]+)+-\d$/),
        AWS_DEFAULT_REGION: environment.AWS_REGION,
        AWS_EXECUTION_ENV: expect.stringMatching(/^AWS_Lambda_nodejs\d+\.x$/),
        AWS_LAMBDA_FUNCTION_NAME: expect.stringContaining("StateProbe"),
        AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
        AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${environment.AWS_LAMBDA_FUNCTION_NAME}`,
        AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/.*\[\$LATEST\][0-9a-f]{32}$/),
        AWS_ACCESS_KEY_ID: "hidden",
        AWS_SECRET_ACCESS_KEY: "hidden",
        AWS_SESSION_TOKEN: "hidden",
        LAMBDA_TASK_ROOT: expect.stringMatching(/^\//),
        LAMBDA_RUNTIME_DIR: expect.stringMatching(/^\//),
      });
    });

    test("say that the time zone is UTC", async () => {
      expect((await stage().state()).environment.TZ).toBe(":UTC");
    });

    test("have the trace of each event", async () => {
      const [first, second] = [await stage().state(), await stage().state()];
      const traces = [first, second].map(({ environment }) => environment._X_AMZN_TRACE_ID);
      expect(traces[0]).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/);
      expect(traces[1]).not.toBe(traces[0]);
    });

    test("are not those of whoever runs it", async () => {
      expect(process.env[CANARY]).toEqual(expect.any(String));
      const { environment } = await stage().state();
      for (const foreign of [CANARY, "VITEST", "npm_execpath"]) expect(environment).not.toHaveProperty(foreign);
    });
  });

  describe.concurrent("the context of an invocation", () => {
    test("names the function, its version, its memory and its log (likely)", async () => {
      const { context, environment } = await stage().state();
      expect(context).toMatchObject({
        functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
        functionVersion: "$LATEST",
        invokedFunctionArn: expect.stringMatching(
          new RegExp(`^arn:aws[\\w-]*:lambda:${environment.AWS_REGION}:\\d{12}:function:${context.functionName}$`),
        ),
        memoryLimitInMB: "512",
        logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
        callbackWaitsForEmptyEventLoop: true,
      });
    });

    test("has a request id of its own (likely)", async () => {
      const [first, second] = [await stage().state(), await stage().state()];
      expect(first.context.awsRequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(second.context.awsRequestId).not.toBe(first.context.awsRequestId);
    });

    test("tells the time that is left of the timeout (likely)", async () => {
      const { remainingMs } = (await stage().state()).context;
      expect(remainingMs).toBeGreaterThan(0);
      expect(remainingMs).toBeLessThanOrEqual(3000);
    });
  });
}
