import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FunctionModel } from "../model.ts";

/**
 * Every environment variable of one execution environment. Names and values are those of the AWS Lambda Developer
 * Guide, "Working with Lambda environment variables", less what needs a runtime API or X-Ray. A function can set the
 * unreserved ones itself, but not the reserved.
 *
 * @param shared added to every function; the function's own variables win
 */
export function environmentVariables(model: FunctionModel, shared: Record<string, string>): Record<string, string> {
  const region = model.arn.split(":")[3] ?? "us-east-1";
  const [date] = new Date().toISOString().split("T");
  const nodeMajor = process.versions.node.split(".")[0];
  const unreserved = {
    LANG: "en_US.UTF-8",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    TZ: ":UTC",
    // On a Node.js that the AWS SDK is about to drop, it would warn in every environment (its own switch).
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  };
  const reserved = {
    _HANDLER: model.handler,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${nodeMajor}.x`,
    AWS_LAMBDA_FUNCTION_NAME: model.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${model.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${date?.replaceAll("-", "/")}/[$LATEST]${randomUUID().replaceAll("-", "")}`,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: "local",
    LAMBDA_TASK_ROOT: model.codeDirectory,
    LAMBDA_RUNTIME_DIR: fileURLToPath(new URL(".", import.meta.url)),
  };
  return { ...unreserved, ...shared, ...model.environment, ...reserved };
}
