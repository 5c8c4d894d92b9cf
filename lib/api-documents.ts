import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ComponentChild, Fragment, h } from "preact";
import { renderToString } from "preact-render-to-string";
import { parse, stringify } from "yaml";

const DOCUMENTS = fileURLToPath(new URL("../docs", import.meta.url));
const METHODS = ["get", "post", "put", "delete"];

interface Operation {
  summary: string;
  description?: string;
  requestBody?: object;
  responses: Record<string, Response>;
}
interface Response {
  $ref?: string;
  description?: string;
}
interface OpenApi {
  info: { title: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response> };
}
interface AsyncApi {
  info: { title: string; description: string };
  channels: { socket: { address: string; description: string } };
  components: { messages: Record<string, { title: string; summary?: string; examples: { payload: object }[] }> };
}

/**
 * Writes the API documents into `outDirectory`, and a page that shows what is in them: every route with its answers,
 * and every frame. It has no script, and everything on it comes from the documents.
 */
export function writeApiDocuments(outDirectory: string): void {
  mkdirSync(outDirectory, { recursive: true });
  for (const name of ["openapi.yaml", "asyncapi.yaml"]) copyFileSync(join(DOCUMENTS, name), join(outDirectory, name));
  copyFileSync(join(DOCUMENTS, "api.css"), join(outDirectory, "api.css"));
  const read = (name: string): unknown => parse(readFileSync(join(DOCUMENTS, name), "utf8"));
  const page = renderPage(read("openapi.yaml") as OpenApi, read("asyncapi.yaml") as AsyncApi);
  writeFileSync(join(outDirectory, "index.html"), `<!doctype html>\n${renderToString(h(Fragment, {}, page))}\n`);
}

function renderPage(http: OpenApi, socket: AsyncApi): ComponentChild {
  const operations = Object.entries(http.paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : [renderOperation(`${method.toUpperCase()} ${path}`, operation, http)];
    }),
  );
  const frames = Object.entries(socket.components.messages).map(([name, message]) =>
    h("section", { key: name }, [
      h("h3", {}, message.title),
      paragraphs(message.summary),
      h("pre", {}, message.examples.map(({ payload }) => JSON.stringify(payload)).join("\n")),
    ]),
  );
  return h("html", { lang: "en" }, [
    h("head", {}, [
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width" }),
      h("title", {}, "Duet: API"),
      h("link", { rel: "icon", href: "/favicon.svg" }),
      h("link", { rel: "stylesheet", href: "/docs/api.css" }),
    ]),
    h("body", {}, [
      h("main", {}, [
        h("h1", {}, http.info.title),
        h("p", {}, ["Everything, with every schema: ", h("a", { href: "/docs/openapi.yaml" }, "openapi.yaml"), "."]),
        paragraphs(http.info.description),
        operations,
        h("h1", {}, socket.info.title),
        h("p", {}, ["Everything, with every schema: ", h("a", { href: "/docs/asyncapi.yaml" }, "asyncapi.yaml"), "."]),
        paragraphs(socket.info.description),
        h("h2", {}, `WebSocket ${socket.channels.socket.address}`),
        paragraphs(socket.channels.socket.description),
        frames,
      ]),
    ]),
  ]);
}

function renderOperation(route: string, operation: Operation, { components }: OpenApi): ComponentChild {
  const { summary, description, requestBody, responses } = operation;
  const rows = Object.entries(responses).map(([status, response]) => {
    const named = components.responses[response.$ref?.replace(/^.*\//, "") ?? ""];
    const codes = codesOf(response).concat(codesOf(named));
    return h("tr", { key: status }, [
      h("th", { scope: "row" }, status),
      h("td", {}, inline((response.description ?? named?.description ?? "").trim())),
      h(
        "td",
        {},
        codes.map((code) => [h("code", {}, code), " "]),
      ),
    ]);
  });
  return h("section", { key: route }, [
    h("h2", {}, h("code", {}, route)),
    h("p", {}, `${summary}.`),
    paragraphs(description),
    requestBody === undefined ? null : h("pre", {}, stringify(requestBody).trim()),
    h("table", {}, h("tbody", {}, rows)),
  ]);
}

/** The codes of a refusal, which its schema lists. */
function codesOf(response: unknown): string[] {
  const { enum: codes, const: code } = find(response, "code") ?? {};
  return [codes ?? code ?? []].flat().map(String);
}

function find(value: unknown, name: string): { enum?: unknown[]; const?: unknown } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = key === name && typeof inner === "object" ? inner : find(inner, name);
    if (found) return found;
  }
  return undefined;
}

function paragraphs(text = ""): ComponentChild[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((paragraph) => h("p", { key: paragraph }, inline(paragraph)));
}

/** What stands between backticks is code. */
function inline(text: string): ComponentChild[] {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : h("code", { key: index }, part)));
}
