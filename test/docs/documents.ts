import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import type { Check, Json } from "../app/system.ts";

/** The parts of a JSON Schema that these tests look into. */
export interface Schema {
  $ref?: string;
  const?: string | number;
  enum?: string[];
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}

type Named = { $ref: string } | Record<never, never>;
type Header = { required?: boolean; schema: Schema } & Named;
interface Answer {
  headers?: Record<string, Header>;
  content: Record<string, { schema: Schema }>;
}
interface Operation {
  operationId: string;
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Answer & Named>;
}
interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer>; headers: Record<string, Header> };
}
interface AsyncApi {
  channels: { socket: { "x-handshake-statuses": Record<string, string> } };
  components: { messages: Record<string, { payload: Schema }> };
}

const METHODS = ["get", "put", "post", "delete"];
/** What HTTP itself needs (RFC 9110, RFC 9112), and no description of an API names. */
const HEADERS_OF_HTTP = ["connection", "content-length", "content-type", "date", "keep-alive", "transfer-encoding"];

/**
 * Both documents, and a check that holds what a system sends against them. What does not fit is in `faults`; what came
 * is in `seen`, under the names that `documented` lists: `PUT /api/me 400 application/problem+json invalid_body`.
 */
export function openDocuments() {
  const openapi = read("openapi.yaml") as OpenApi;
  const asyncapi = read("asyncapi.yaml") as AsyncApi;
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  ajv.addSchema(openapi, "file:///openapi.yaml").addSchema(asyncapi, "file:///asyncapi.yaml");
  const faults: string[] = [];
  const seen = new Set<string>();

  const hold = (what: string, value: unknown, pointer: string) => {
    const fits = ajv.getSchema(`file:///${pointer}`);
    if (fits === undefined) faults.push(`${what}: there is no ${pointer}`);
    else if (!fits(value)) faults.push(`${what}: ${ajv.errorsText(fits.errors)} in ${JSON.stringify(value)}`);
  };
  const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

  /** Follows a reference to a component, and says where the value is. */
  function find<T>(value: T & Named, pointer: string, components: Record<string, T>) {
    if (!("$ref" in value)) return { value: value as T, pointer };
    const name = value.$ref.slice(value.$ref.lastIndexOf("/") + 1);
    return { value: components[name] as T, pointer: `openapi.yaml${value.$ref}` };
  }
  const answersOf = ({ method, path, operation }: (typeof operations)[number]) =>
    Object.entries(operation.responses).map(([status, response]) => {
      const pointer = `openapi.yaml#/paths/${escapePointer(path)}/${method.toLowerCase()}/responses/${status}`;
      return { status, ...find<Answer>(response, pointer, openapi.components.responses) };
    });

  const check: Check = {
    async response({ method, path, response }) {
      const { pathname } = new URL(path, "http://localhost");
      const operation = operations.find((one) => one.method === method && fits(one.path, pathname));
      const { status } = response;
      if (operation === undefined) {
        if (status !== 404) faults.push(`${method} ${pathname} is not documented`);
        return;
      }
      const what = `${method} ${operation.path} ${status}`;
      const answer = answersOf(operation).find((one) => one.status === `${status}`);
      const type = (response.headers.get("content-type") ?? "").replace(/;.*/, "");
      if (answer?.value.content[type] === undefined) return void faults.push(`${what} ${type} is not documented`);
      for (const name of response.headers.keys())
        if (!HEADERS_OF_HTTP.includes(name) && !Object.keys(answer.value.headers ?? {}).some(isNamed(name)))
          faults.push(`${what}: the header ${name} is not documented`);
      for (const [name, given] of Object.entries(answer.value.headers ?? {})) {
        const header = find(given, `${answer.pointer}/headers/${name}`, openapi.components.headers);
        const value = response.headers.get(name);
        if (value !== null) hold(`${what} ${name}`, value, `${header.pointer}/schema`);
        else if (header.value.required) faults.push(`${what}: the header ${name} is missing`);
      }
      const isJson = type.endsWith("json");
      const body: Json = isJson ? await response.json() : Buffer.from(await response.arrayBuffer()).toString("latin1");
      hold(what, body, `${answer.pointer}/content/${escapePointer(type)}/schema`);
      seen.add([what, type, ...(isJson && body.code !== undefined ? [body.code] : [])].join(" "));
    },
    frame(frame) {
      const name = Object.keys(sent).find((one) => sent[one]?.properties?.type?.const === frame.type) ?? "gatewayError";
      hold(`frame ${name}`, frame, `asyncapi.yaml#/components/messages/${name}/payload`);
      seen.add(`frame ${name}${frame.code === undefined ? "" : ` ${frame.code}`}`);
    },
  };

  /** What the server sends, by name: it has a `type`, but for the gateway's own; what a client sends has an `action`. */
  const sent = Object.fromEntries(
    Object.entries(asyncapi.components.messages)
      .map(([name, { payload }]) => [name, payload] as const)
      .filter(([, { properties }]) => properties?.action === undefined),
  );
  const documented = [
    ...operations.flatMap((one) =>
      answersOf(one).flatMap(({ status, value }) =>
        Object.entries(value.content).flatMap(([type, { schema }]) =>
          codesOf(schema).map((code) => `${one.method} ${one.path} ${status} ${type}${code}`),
        ),
      ),
    ),
    ...Object.entries(sent).flatMap(([name, payload]) => codesOf(payload).map((code) => `frame ${name}${code}`)),
  ];
  return { openapi, asyncapi, operations, documented, sent, faults, seen, hold, ...check };
}

function read(name: string): unknown {
  return parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8"));
}

function codesOf({ properties }: Schema): string[] {
  const code = properties?.code;
  return (code?.enum ?? (code?.const === undefined ? [] : [code.const]))
    .map((one) => ` ${one}`)
    .concat(code ? [] : [""]);
}

function isNamed(name: string): (other: string) => boolean {
  return (other) => other.toLowerCase() === name;
}

function fits(template: string, pathname: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(pathname);
}

function escapePointer(text: string): string {
  return encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));
}
