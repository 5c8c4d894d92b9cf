import { randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FunctionModel, Invocation } from "../model.ts";
import { startTethered, type TetheredProcess } from "../tethered-process.ts";
import { environmentVariables } from "./environment-variables.ts";
import type { EnvironmentMessage, InvokeMessage } from "./messages.ts";

const BOOTSTRAP = fileURLToPath(new URL("bootstrap.mjs", import.meta.url));

/** How long a module may take to load before that counts against the function's timeout ("Lambda execution environment"). */
const INIT_MS_MAX = 10_000;

/** Of the function's memory, what V8's old space gets; the rest is for the young generation, buffers and code. */
const HEAP_SHARE = 0.9;

type Reply = EnvironmentMessage | { type: "exited"; how: string } | { type: "timed-out"; timeoutMs: number };

/**
 * One execution environment: a process that has loaded the function and runs one event at a time. Whoever holds it
 * calls `start` once, and then `invoke`, one call after the other.
 */
export class Environment {
  /** Resolves when the process has ended, however that came. */
  readonly exited: Promise<string>;
  readonly #process: TetheredProcess;
  readonly #model: FunctionModel;
  readonly #log: (line: string) => void;
  readonly #startedAtMs = performance.now();
  #coldStartMs: number | undefined;
  #alive = true;
  #frozen = false;
  #onReply: (reply: Reply) => void = () => {};

  constructor(options: { model: FunctionModel; variables: Record<string, string>; log: (line: string) => void }) {
    const { model, variables, log } = options;
    this.#model = model;
    this.#log = log;
    this.#process = startTethered({
      command: process.execPath,
      args: [`--max-old-space-size=${Math.floor(model.memoryMegabytes * HEAP_SHARE)}`, BOOTSTRAP],
      directory: model.codeDirectory,
      environment: environmentVariables(model, variables),
      messages: true,
      onLine: log,
    });
    this.exited = this.#process.exited;
    // Only bootstrap.mjs can write to this channel, so its messages are not parsed again.
    this.#process.child.on("message", (message) => this.#onReply(message as EnvironmentMessage));
    this.exited.then((how) => {
      this.#alive = false;
      this.#onReply({ type: "exited", how });
    });
  }

  /** False once the process has ended, or has been told to. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Waits until the function's module has loaded. Resolves with how the invocation fails if it does not. */
  async start(): Promise<Invocation | undefined> {
    const reply = await this.#reply(INIT_MS_MAX + this.#model.timeoutSeconds * 1000);
    if (reply.type === "ready") {
      this.#coldStartMs = performance.now() - this.#startedAtMs;
      return undefined;
    }
    return this.#outcomeOf(reply, randomUUID());
  }

  /** Runs one event, given as JSON text, and writes the line that Lambda calls REPORT. */
  async invoke(event: string): Promise<Invocation> {
    if (this.#frozen) this.#process.child.kill("SIGCONT");
    this.#frozen = false;
    const requestId = randomUUID();
    const timeoutMs = this.#model.timeoutSeconds * 1000;
    const sentAtMs = performance.now();
    const message: InvokeMessage = {
      requestId,
      traceId: newTraceId(),
      functionArn: this.#model.arn,
      deadlineMs: Date.now() + timeoutMs,
      event,
    };
    const replied = this.#reply(timeoutMs);
    // The callback takes the error of a process that has just ended, which `exited` reports.
    this.#process.child.send(message, () => {});
    const reply = await replied;
    const outcome = await this.#outcomeOf(reply, requestId);
    this.#report({ requestId, reply, durationMs: performance.now() - sentAtMs });
    return outcome;
  }

  /**
   * Stops the process until the next event, as Lambda does: a promise that the handler did not wait for rests too.
   * Without that, such a mistake would show only after deployment.
   */
  freeze(): void {
    this.#frozen = this.#process.child.kill("SIGSTOP");
  }

  /** Ends the process at once. An invocation under way fails with `Runtime.ExitError`. */
  kill(): void {
    this.#alive = false;
    this.#process.child.kill("SIGKILL");
  }

  #reply(timeoutMs: number): Promise<Reply> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.kill();
        resolve({ type: "timed-out", timeoutMs });
      }, timeoutMs);
      this.#onReply = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  }

  async #outcomeOf(reply: Reply, requestId: string): Promise<Invocation> {
    switch (reply.type) {
      case "ready": {
        // Not from bootstrap.mjs: the function has found the channel, and what it says there is not to be trusted.
        this.kill();
        const errorMessage = `RequestId: ${requestId} Error: Runtime sent a message out of turn`;
        return { outcome: "failed", errorType: "Runtime.ExitError", errorMessage };
      }
      case "returned":
        return { outcome: "returned", payload: JSON.parse(reply.payload) as unknown };
      case "failed":
        if (reply.ends) await this.exited;
        return { outcome: "failed", errorType: reply.errorType, errorMessage: reply.errorMessage };
      case "exited": {
        const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${reply.how}`;
        this.#log(errorMessage);
        return { outcome: "failed", errorType: "Runtime.ExitError", errorMessage };
      }
      case "timed-out": {
        const seconds = (reply.timeoutMs / 1000).toFixed(2);
        this.#log(`${requestId} Task timed out after ${seconds} seconds`);
        return { outcome: "timed-out" };
      }
    }
  }

  #report(ended: { requestId: string; reply: Reply; durationMs: number }): void {
    const { requestId, reply, durationMs } = ended;
    const parts = [`REPORT RequestId: ${requestId}`, `Duration: ${durationMs.toFixed(2)} ms`];
    parts.push(`Memory Size: ${this.#model.memoryMegabytes} MB`);
    if ("peakMemoryKilobytes" in reply) {
      parts.push(`Max Memory Used: ${Math.ceil(reply.peakMemoryKilobytes / 1024)} MB`);
    }
    if (this.#coldStartMs !== undefined) parts.push(`Init Duration: ${this.#coldStartMs.toFixed(2)} ms`);
    this.#coldStartMs = undefined;
    if (reply.type !== "returned") parts.push(`Status: ${reply.type}`);
    // Lines that the function wrote before its answer are read in this turn of the event loop, and come first.
    setImmediate(() => this.#log(parts.join(" ")));
  }
}

/** X-Ray's format (AWS X-Ray Developer Guide, "Tracing header"), never sampled: nothing here would receive it. */
function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString("hex")};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
}
