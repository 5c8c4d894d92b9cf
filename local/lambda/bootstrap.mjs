// @ts-check
/**
 * Runs in an execution environment of its own, as a process, and does there what Lambda's Node.js runtime does
 * (github.com/aws/aws-lambda-nodejs-runtime-interface-client): loads the function, then runs one event at a time.
 * It is plain JavaScript because a TypeScript loader would double the time of a cold start.
 */
import { loadHandler, runtimeError } from "./load-handler.mjs";

/** @typedef {import("./messages.ts").InvokeMessage} InvokeMessage */

/** 6 MB and 100 bytes (AWS Lambda Developer Guide, "Lambda quotas"; the number is in Lambda's own message). */
const RESPONSE_BYTES_MAX = 6_291_556;

const { channel } = process;
const send = process.send?.bind(process);
if (!channel || !send) throw new Error("bootstrap.mjs is started by the Lambda runtime, with a message channel");
// Lambda has no such channel, and a function must not find this one.
process.send = undefined;

/** What to do when nothing is left that could wake the function up again. @type {(() => void) | undefined} */
let onEmptyEventLoop;
process.on("beforeExit", () => onEmptyEventLoop?.());
process.on("uncaughtException", (error) => fail(error, 129));
process.on("unhandledRejection", (reason) => {
  fail(runtimeError("UnhandledPromiseRejection", String(reason), { cause: reason }), 128);
});

const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT ?? "", process.env._HANDLER ?? "").catch((error) => {
  fail(error, 1);
});
if (handler) {
  process.on("message", (message) => invoke(handler, /** @type {InvokeMessage} */ (message)));
  send({ type: "ready" });
}

/**
 * Calls the handler and reports its first answer. The channel does not count as something to wait for meanwhile, so
 * that an empty event loop is noticed, as in Lambda.
 *
 * @param {Function} handler
 * @param {InvokeMessage} message
 */
function invoke(handler, message) {
  process.env._X_AMZN_TRACE_ID = message.traceId;
  channel?.unref();
  let answered = false;
  const once = (/** @type {() => void} */ answer) => {
    if (answered) return;
    answered = true;
    onEmptyEventLoop = undefined;
    channel?.ref();
    answer();
  };
  const succeed = (/** @type {unknown} */ result) => once(() => report(result));
  const refuse = (/** @type {unknown} */ error) => once(() => fail(error));
  const isAsync = handler.constructor.name === "AsyncFunction";
  onEmptyEventLoop = () =>
    isAsync
      ? refuse(runtimeError("NodeJsExit", "The handler waits for a promise that nothing is left to settle"))
      : succeed(null);

  const context = contextOf(message);
  let called = false;
  const callback = (/** @type {unknown} */ error, /** @type {unknown} */ result) => {
    if (called) return;
    called = true;
    if (error !== undefined && error !== null) refuse(error);
    else if (context.callbackWaitsForEmptyEventLoop) onEmptyEventLoop = () => succeed(result);
    else succeed(result);
  };
  try {
    const result = handler(JSON.parse(message.event), context, callback);
    if (typeof result?.then === "function") result.then(succeed, refuse);
  } catch (error) {
    refuse(error);
  }
}

/**
 * The context object ("Using the Lambda context object to retrieve Node.js function information").
 *
 * @param {InvokeMessage} message
 */
function contextOf({ requestId, functionArn, deadlineMs }) {
  const { env } = process;
  return {
    awsRequestId: requestId,
    invokedFunctionArn: functionArn,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

/**
 * What JSON cannot hold fails the invocation under the type and message that Lambda's Node.js runtime gives it.
 *
 * @param {unknown} result
 */
function report(result) {
  let payload;
  try {
    payload = JSON.stringify(result) ?? "null";
  } catch (cause) {
    return fail(new Error("Unable to stringify response body", { cause }));
  }
  const bytes = Buffer.byteLength(payload);
  if (bytes > RESPONSE_BYTES_MAX) {
    const error = new Error(
      `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${RESPONSE_BYTES_MAX} bytes).`,
    );
    error.name = "Function.ResponseSizeTooLarge";
    return fail(error);
  }
  tell({ type: "returned", payload, peakMemoryKilobytes: process.resourceUsage().maxRSS });
}

/**
 * Fails the invocation, or the start, and then ends the process if there is an exit code. Codes as in Lambda's runtime.
 *
 * @param {unknown} error
 * @param {number} [exitCode]
 */
function fail(error, exitCode) {
  console.error(error);
  const isError = error instanceof Error;
  const message = {
    type: "failed",
    errorType: isError ? error.name : typeof error,
    errorMessage: isError ? error.message : String(error),
    ends: exitCode !== undefined,
    peakMemoryKilobytes: process.resourceUsage().maxRSS,
  };
  tell(message, () => {
    if (exitCode !== undefined) process.exit(exitCode);
  });
}

/**
 * Sends a message once all that was printed before is out: the environment is frozen when it has answered, and the rest
 * would stay in it.
 *
 * @param {object} message
 * @param {() => void} [sent]
 */
function tell(message, sent) {
  process.stdout.write("", () => process.stderr.write("", () => send?.(message, sent)));
}
