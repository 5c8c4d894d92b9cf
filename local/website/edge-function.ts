import { format } from "node:util";
import { createContext, Script } from "node:vm";
import type { EdgeFunctionModel, Log } from "../model.ts";

/** CloudFront allows about a millisecond of a processor; this only ends what would never end. */
const RUN_MS_MAX = 2_000;

/** Runs the function with an event. What it returns has passed through JSON; it throws what the function threw. */
export type EdgeFunction = (event: object) => unknown;

/** The function's `handler` may be async: what it waits for has to come without the outer world. */
const INVOKE = new Script(`
  Promise.resolve(invocation.event)
    .then((event) => handler(JSON.parse(event)))
    .then((result) => invocation.returned(JSON.stringify(result)), (error) => invocation.threw(String(error)));
`);

/**
 * A CloudFront Function of the runtime 2.0. Each call finds the globals new, since CloudFront promises nothing that
 * lasts; there are `console` and the language, and neither `eval`, timers, modules nor a network.
 */
export function createEdgeFunction({ path, code }: EdgeFunctionModel, log: Log): EdgeFunction {
  const script = new Script(code, { filename: `${path}.js` });
  const write = (...values: unknown[]) => log(path, format(...values));

  return (event) => {
    let outcome: { json: string | undefined } | { error: string } | undefined;
    const invocation = {
      event: JSON.stringify(event),
      returned: (json: string | undefined) => {
        outcome = { json };
      },
      threw: (error: string) => {
        outcome = { error };
      },
    };
    const console = { log: write, error: write };
    // So that promises are settled within the time limit, and when `runInContext` returns.
    const context = createContext(
      { invocation, console },
      { microtaskMode: "afterEvaluate", codeGeneration: { strings: false, wasm: false } },
    );
    script.runInContext(context, { timeout: RUN_MS_MAX });
    INVOKE.runInContext(context, { timeout: RUN_MS_MAX });
    if (outcome === undefined) throw new Error("it waits for something that never comes");
    if ("error" in outcome) throw new Error(outcome.error);
    return outcome.json === undefined ? undefined : JSON.parse(outcome.json);
  };
}
