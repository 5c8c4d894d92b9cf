import type { FunctionModel, Invocation, Invoke, Log } from "../model.ts";
import { FunctionPool } from "./function-pool.ts";

/** 6 MB (AWS Lambda Developer Guide, "Lambda quotas", synchronous invocation). */
const REQUEST_BYTES_MAX = 6_291_456;

export interface Functions {
  /**
   * Runs a function synchronously. An unknown ARN, or an event over 6 MB of JSON, is `failed` with the error type
   * that Lambda's Invoke API has for it. Nothing is ever tried again.
   */
  invoke: Invoke;
  /** Kills an environment of the function in the middle of an invocation; false if none is in one. */
  kill(functionArn: string): boolean;
  /** Resolves when none of the invocations that are under way now is any more; each is bounded by its function's timeout. */
  idle(): Promise<void>;
  /** Ends all environments and waits for that; invocations under way fail. */
  close(): Promise<void>;
}

/**
 * Runs Lambda functions, each invocation in a process of its own that is reused while it is warm.
 *
 * @param options.environment variables that are added to every function, such as endpoints; the function's own win
 * @param options.log gets, under the function's short name, what it prints, line by line, and a REPORT line for each invocation
 * @param options.idleMsMax how long an environment beyond the two last used may be idle before it is ended; default 60 s
 */
export function createFunctions(options: {
  functions: FunctionModel[];
  environment: Record<string, string>;
  log: Log;
  idleMsMax?: number;
}): Functions {
  const { functions, environment: variables, log, ...limits } = options;
  const pools = new Map(
    functions.map((model) => {
      const source = shortName(model);
      return [model.arn, new FunctionPool({ model, variables, log: (line) => log(source, line), ...limits })];
    }),
  );

  const underWay = new Set<Promise<Invocation>>();

  return {
    async invoke(functionArn, event) {
      const pool = pools.get(functionArn);
      if (!pool) {
        const errorMessage = `Function not found: ${functionArn}`;
        return { outcome: "failed", errorType: "ResourceNotFoundException", errorMessage };
      }
      const text = JSON.stringify(event) ?? "null";
      const bytes = Buffer.byteLength(text);
      if (bytes > REQUEST_BYTES_MAX) {
        const errorMessage = `Request must be smaller than ${REQUEST_BYTES_MAX} bytes, but the event has ${bytes}`;
        return { outcome: "failed", errorType: "RequestTooLargeException", errorMessage };
      }
      const invocation = pool.invoke(text);
      underWay.add(invocation);
      return invocation.finally(() => underWay.delete(invocation));
    },
    idle: async () => void (await Promise.all(underWay)),
    kill: (functionArn) => pools.get(functionArn)?.killOneBusy() ?? false,
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

/** The last name in the construct path that says something: `PostMessage` of `Shop/PostMessage/Resource`. */
function shortName({ path }: FunctionModel): string {
  const names = path.split("/").filter((name) => name !== "Resource");
  return names.at(-1) ?? path;
}
