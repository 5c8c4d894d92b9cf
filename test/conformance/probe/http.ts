import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { type ManagementCall, manage } from "./management.ts";
import { record, recordsOf } from "./records.ts";

/** What the suite has to know of a stage, beside its address. */
export interface About {
  /** WebSocket URLs, with their stages. */
  main: string;
  keyed: string;
  plain: string;
  /** The HTTP API below a named stage. */
  staged: string;
  issuer: string;
}

/** Echoes its event, or gives the result that the query parameter `do` names. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<unknown> => {
  const { do: wanted, mark, subject } = event.queryStringParameters ?? {};
  if (mark !== undefined) await record(mark, { kind: "http", detail: null });
  switch (event.routeKey) {
    case "GET /about":
      return json(about());
    case "GET /records":
      return json(await recordsOf(subject ?? ""));
    case "POST /manage":
      return json(await manage(JSON.parse(event.body ?? "") as ManagementCall));
    default:
      if (wanted === undefined) return json(event);
      return resultNamed(wanted);
  }
};

function about(): About {
  const { MAIN_URL = "", KEYED_URL = "", PLAIN_URL = "", STAGED_URL = "", ISSUER = "" } = process.env;
  return { main: MAIN_URL, keyed: KEYED_URL, plain: PLAIN_URL, staged: STAGED_URL, issuer: ISSUER };
}

function json(value: unknown) {
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function resultNamed(name: string): unknown {
  switch (name) {
    case "throw":
      throw new Error("The probe was asked to throw");
    case "no-status":
      return { hello: "world" };
    case "date":
      return { at: new Date(0), nothing: undefined };
    case "string":
      return "just text";
    case "status-only":
      return { statusCode: 204 };
    case "no-content-type":
      return { statusCode: 201, body: '{"hello":"world"}' };
    case "cookies":
      return { statusCode: 200, cookies: ["a=1; Path=/", "b=2, and more"], body: "" };
    case "headers":
      return { statusCode: 418, headers: { "Content-Type": "text/css", "X-Own": "mine" }, body: "teapot" };
    case "base64":
      return {
        statusCode: 200,
        headers: { "content-type": "image/png" },
        isBase64Encoded: true,
        body: Buffer.from([0, 255, 128, 10]).toString("base64"),
      };
    case "status-0":
      return { statusCode: 0, body: "" };
    case "status-fraction":
      return { statusCode: 200.5, body: "" };
    case "status-word":
      return { statusCode: "fine", body: "" };
    case "own-cors":
      return {
        statusCode: 200,
        headers: { "access-control-allow-origin": "https://own.example", "access-control-allow-methods": "PATCH" },
        body: "",
      };
    default:
      throw new Error(`The probe knows no result ${name}`);
  }
}
