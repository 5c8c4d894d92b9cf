import type { Log } from "../model.ts";
import { lockDataDirectory } from "./data-directory-lock.ts";
import { startEngine } from "./engine-process.ts";
import { dynalite, dynamoDbLocal, type EngineProgram, findJava } from "./engines.ts";

/** `auto` is `java` where there is one that runs, else `dynalite`. */
export type DynamoDbEngine = "auto" | "java" | "dynalite" | { url: string };

export interface DynamoDb {
  /** Without a trailing slash. */
  endpoint: string;
  engine: "java" | "dynalite" | "url";
  /** For the person who runs the system: which one, where the data is, and why, if it was chosen for them. */
  description: string;
  /** Ends what was started and gives the data directory back. A second call does nothing. */
  close(): Promise<void>;
}

/** For a request that only asks whether anything answers. */
const ANSWER_MS_MAX = 5_000;

/**
 * Starts a DynamoDB, or finds the one at a URL. What is started listens on loopback, on a free port, and ends with
 * this process in every case.
 *
 * @param options.dataDirectory kept between runs; each engine has a folder of its own in it. Absent: in memory
 * @param options.onExit called if the engine ends by itself later on; the error holds its last output
 * @throws Error if Java is asked for and none runs, the directory is in use, nothing answers at the URL, or the
 *   engine does not start
 */
export async function startDynamoDb(options: {
  engine: DynamoDbEngine;
  dataDirectory?: string;
  log: Log;
  onExit?: (error: Error) => void;
}): Promise<DynamoDb> {
  const { engine, dataDirectory, log, onExit = (error) => log("dynamodb", error.message) } = options;
  if (typeof engine === "object") return findDynamoDb(engine.url);

  const program = await chooseProgram(engine, dataDirectory);
  const unlock = dataDirectory === undefined ? async () => {} : await lockDataDirectory(dataDirectory);
  try {
    const { address, end } = await startEngine({ program, log, onExit });
    const close = async () => {
      await end();
      await unlock();
    };
    return { endpoint: `http://${address}`, engine: program.engine, description: program.description, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function chooseProgram(
  engine: "auto" | "java" | "dynalite",
  dataDirectory: string | undefined,
): Promise<EngineProgram> {
  if (engine === "dynalite") return dynalite(dataDirectory);
  const java = await findJava();
  if (java !== undefined) return dynamoDbLocal(java, dataDirectory);
  const reason = "neither JAVA_HOME nor the PATH has a java that runs";
  if (engine === "java") throw new Error(`DynamoDB Local needs Java 8 or newer, but ${reason}.`);
  const program = dynalite(dataDirectory);
  return { ...program, description: `${program.description} (DynamoDB Local needs Java, but ${reason})` };
}

/** The tables there must be the same for every region and access key, as with DynamoDB Local's `-sharedDb`. */
async function findDynamoDb(url: string): Promise<DynamoDb> {
  const endpoint = url.replace(/\/+$/, "");
  // Any answer will do: without a signed request it is an error.
  await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch((cause) => {
    throw new Error(`No DynamoDB answers at ${endpoint}.`, { cause });
  });
  return { endpoint, engine: "url", description: `the DynamoDB at ${endpoint}`, close: async () => {} };
}
