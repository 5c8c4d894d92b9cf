import type { WebSocketApiModel, WebSocketRouteModel } from "../model.ts";

/**
 * Selects the route of a message, by "Create routes for WebSocket APIs in API Gateway": the value that the
 * expression finds, as a string, must equal a route key; without such a route, `$default` if there is one. A client
 * cannot select `$connect` or `$disconnect`. Throws if the expression is not `$request.body.` and a dotted path.
 */
export function createRouter({
  path,
  routeSelectionExpression,
  routes,
}: WebSocketApiModel): (body: string) => WebSocketRouteModel | undefined {
  const steps = /^\$\{?request\.body\.([\w-]+(?:\.[\w-]+)*)\}?$/.exec(routeSelectionExpression)?.[1]?.split(".");
  if (!steps) {
    throw new Error(
      `${path}: the route selection expression must be $request.body.NAME[.NAME…]; it is ${routeSelectionExpression}`,
    );
  }
  const selectable = new Map(routes.map((route) => [route.routeKey, route]));
  const fallback = selectable.get("$default");
  for (const reserved of ["$connect", "$disconnect"]) selectable.delete(reserved);

  return (body) => {
    const key = findValue(body, steps);
    return (key === undefined ? undefined : selectable.get(key)) ?? fallback;
  };
}

function findValue(body: string, steps: string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  // To write an object or array out would match no route that anyone makes, and a deep one ends the stack.
  return typeof value === "object" && value !== null ? undefined : String(value);
}
