/** Starts the engine that the first argument names in the directory of the second, prints the endpoint, and waits to be killed. */
import { startDynamoDb } from "../../../local/dynamodb/dynamodb.ts";

const [engine, dataDirectory] = process.argv.slice(2);
if ((engine !== "java" && engine !== "dynalite") || dataDirectory === undefined) throw new Error("engine directory");
const { endpoint } = await startDynamoDb({ engine, dataDirectory, log: () => {} });
console.log(endpoint);
