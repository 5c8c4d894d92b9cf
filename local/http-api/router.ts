import type { HttpRouteModel } from "../model.ts";

export interface RouteMatch {
  route: HttpRouteModel;
  /** Absent when the route has no variables. */
  pathParameters?: Record<string, string>;
}

/** Finds the route of a request, or `undefined` when the API has none for this method and path. */
export type Router = (method: string, path: string) => RouteMatch | undefined;

type Segment = { kind: "literal" | "variable" | "greedy"; name: string };
interface PathRoute {
  route: HttpRouteModel;
  method: string;
  segments: Segment[];
}

const ROUTE_KEY = /^([A-Z]+) \/(.*)$/;
const VARIABLE = /^\{([\w.:-]+)(\+?)\}$/;
const SPECIFICITY = { literal: 0, variable: 1, greedy: 2 };

/**
 * Routes as "Working with routes for HTTP APIs" of the API Gateway guide orders them: a full match, then a greedy
 * `{name+}`, then `$default`. Where several match, a literal segment beats a variable, and a named method beats `ANY`.
 * A variable takes one segment that isn't empty, a greedy one takes the rest of the path; a trailing slash counts.
 *
 * Paths are matched decoded, so that `/items/a%2Fb` is two segments below `/items`: API Gateway hands the function
 * a decoded `rawPath` and can't keep an encoded slash inside a variable (aws/aws-lambda-dotnet, pull 1901).
 *
 * Throws when a route key is not `$default` or `METHOD /path`, or has a greedy variable before its end.
 */
export function createRouter(routes: HttpRouteModel[]): Router {
  const fallback = routes.find((route) => route.routeKey === "$default");
  const ordered = routes
    .filter((route) => route !== fallback)
    .map(parseRoute)
    .sort(bySpecificity);

  return (method, path) => {
    const parts = path.slice(1).split("/");
    for (const { route, method: routeMethod, segments } of ordered) {
      if (routeMethod !== method && routeMethod !== "ANY") continue;
      const variables = matchSegments(segments, parts);
      if (variables === undefined) continue;
      return variables.length === 0 ? { route } : { route, pathParameters: Object.fromEntries(variables) };
    }
    return fallback && { route: fallback };
  };
}

function parseRoute(route: HttpRouteModel): PathRoute {
  const [, method, path] = ROUTE_KEY.exec(route.routeKey) ?? [];
  if (method === undefined || path === undefined) {
    throw new Error(`HTTP API route key: expected "$default" or "METHOD /path", got "${route.routeKey}"`);
  }
  const segments = path.split("/").map(parseSegment);
  if (segments.slice(0, -1).some((segment) => segment.kind === "greedy")) {
    throw new Error(`HTTP API route key: only the last segment may be greedy, got "${route.routeKey}"`);
  }
  return { route, method, segments };
}

function parseSegment(text: string): Segment {
  const [, name, plus] = VARIABLE.exec(text) ?? [];
  if (name === undefined) return { kind: "literal", name: text };
  return { kind: plus === "+" ? "greedy" : "variable", name };
}

/** The variables' names and values, or `undefined` when the path isn't this route's. */
function matchSegments(segments: Segment[], parts: string[]): [string, string][] | undefined {
  const isLong = parts.length > segments.length && segments.at(-1)?.kind !== "greedy";
  if (isLong || parts.length < segments.length) return undefined;
  const variables: [string, string][] = [];
  for (const [index, { kind, name }] of segments.entries()) {
    const part = kind === "greedy" ? parts.slice(index).join("/") : (parts[index] ?? "");
    if (kind === "literal" ? part !== name : part === "") return undefined;
    if (kind !== "literal") variables.push([name, part]);
  }
  return variables;
}

function bySpecificity(a: PathRoute, b: PathRoute): number {
  const greedy = Number(isGreedy(a)) - Number(isGreedy(b));
  if (greedy !== 0) return greedy;
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index];
    if (other === undefined) break;
    const difference = SPECIFICITY[segment.kind] - SPECIFICITY[other.kind];
    if (difference !== 0) return difference;
  }
  return Number(a.method === "ANY") - Number(b.method === "ANY");
}

function isGreedy(route: PathRoute): boolean {
  return route.segments.at(-1)?.kind === "greedy";
}
