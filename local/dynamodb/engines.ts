import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makePrivateDirectory } from "../private-directory.ts";

/** A program that serves DynamoDB on loopback and prints `127.0.0.1:port` once it listens. */
export interface EngineProgram {
  engine: "java" | "dynalite";
  /** For the person who runs the system: which one, and where the data is. */
  description: string;
  command: string;
  args: string[];
}

const JAVA_CHECK_MS_MAX = 10_000;

/** DynamoDB Local and the SQLite files it keeps stay well below this; without a bound the JVM takes a quarter of the memory. */
const HEAP_MEGABYTES = 512;

/**
 * Measured on 2 cores, 16 clients that put, in memory: 1,780 requests/s in the first 5 s and 5,900 from 10 s on; with the JVM's
 * default collector 5,050 then. With the quick one of its two compilers alone (`-XX:TieredStopAtLevel=1`) 3,040 and 3,400:
 * the tests, whose systems live for seconds, ask for that.
 */
const JVM_OPTIONS = [`-Xmx${HEAP_MEGABYTES}m`, "-XX:+UseSerialGC"];

/** What else the JVM is given, apart by spaces. */
const MORE_JVM_OPTIONS = "DYNAMODB_LOCAL_JVM_OPTIONS";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** AWS's DynamoDB Local, from the jar in the npm package amplify-dynamodb-simulator. */
export function dynamoDbLocal(java: string, dataDirectory: string | undefined): EngineProgram {
  const directory = dataDirectory && made(join(dataDirectory, "dynamodb-local"));
  const require = createRequire(import.meta.url);
  const emulator = join(dirname(require.resolve("amplify-dynamodb-simulator/package.json")), "emulator");
  return {
    engine: "java",
    description: `DynamoDB Local (${java}), ${placeOf(directory)}`,
    command: java,
    args: [
      ...JVM_OPTIONS,
      ...(process.env[MORE_JVM_OPTIONS] ?? "").split(" ").filter((option) => option !== ""),
      `-Djava.library.path=${join(emulator, "DynamoDBLocal_lib")}`,
      "-Dorg.eclipse.jetty.util.log.announce=false",
      ...["-cp", join(emulator, "DynamoDBLocal.jar")],
      "org.eclipse.jetty.xml.XmlConfiguration",
      join(HERE, "dynamodb-local.xml"),
      directory ? `dbPath=${directory}` : "inMemory=true",
    ],
  };
}

/** dynalite: no Java needed; no transactions, and a failed condition does not return the item. */
export function dynalite(dataDirectory: string | undefined): EngineProgram {
  const directory = dataDirectory && made(join(dataDirectory, "dynalite"));
  return {
    engine: "dynalite",
    description: `dynalite, ${placeOf(directory)}`,
    command: process.execPath,
    args: [join(HERE, "dynalite-server.mjs"), ...(directory ? [directory] : [])],
  };
}

/** The first of `JAVA_HOME/bin/java` and `java` that runs. (macOS has a `java` that only says where to get one.) */
export async function findJava(): Promise<string | undefined> {
  const { JAVA_HOME } = process.env;
  for (const java of JAVA_HOME ? [join(JAVA_HOME, "bin", "java"), "java"] : ["java"]) {
    const runs = await promisify(execFile)(java, ["-version"], { timeout: JAVA_CHECK_MS_MAX }).then(
      () => true,
      () => false,
    );
    if (runs) return java;
  }
  return undefined;
}

function made(directory: string): string {
  makePrivateDirectory(directory);
  return directory;
}

function placeOf(directory: string | undefined): string {
  return directory ? `data in ${directory}` : "data in memory";
}
