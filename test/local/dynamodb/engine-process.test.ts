import { expect, it, onTestFinished } from "vitest";
import { startEngine } from "../../../local/dynamodb/engine-process.ts";
import { isRunning } from "./fixture.ts";

/** Starts a shell script in an engine's place. */
async function start(script: string) {
  const lines: string[] = [];
  const engine = await startEngine({
    program: { engine: "java", description: "A script", command: "/bin/sh", args: ["-c", script] },
    log: (_source, line) => lines.push(line),
    onExit: () => undefined,
    endMsMax: 200,
  });
  onTestFinished(engine.end);
  return { ...engine, lines };
}

it.each([
  ["dynalite", "127.0.0.1:8000"],
  ["Jetty", "ServerConnector@4f2b503c{HTTP/1.1, (http/1.1)}{127.0.0.1:8000}"],
])("the address is what %s prints, and not what a JVM repeats of its environment", async (_name, printed) => {
  const echo = "Picked up JAVA_TOOL_OPTIONS: -Dproxy=127.0.0.1:1";
  const { address, lines } = await start(`echo '${echo}'; echo '${printed}'; read -r _ <&4`);
  expect(address).toBe("127.0.0.1:8000");
  expect(lines).toEqual([echo]);
});

it("an engine that does not end by itself is killed", async () => {
  const { end, lines } = await start("trap '' TERM; echo $$; echo 127.0.0.1:8000; while :; do sleep 0.05; done");
  await end();
  expect(isRunning(Number(lines[0]))).toBe(false);
});
