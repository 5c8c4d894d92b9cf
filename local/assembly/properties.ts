import * as v from "valibot";
import { AssemblyError, unsupported } from "./assembly-error.ts";
import type { Resource } from "./template.ts";

/**
 * A schema for the properties of a resource type. It is strict, so that it says which properties are served, which
 * are accepted although they change nothing locally, and, by leaving them out, which are refused.
 */
export type PropertiesSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

const IGNORED = v.optional(v.unknown());

/** Properties that are accepted, at their place in a schema, because they change nothing that can be seen locally. */
export function withoutLocalEffect<Name extends string>(...names: Name[]): Record<Name, typeof IGNORED> {
  return Object.fromEntries(names.map((name) => [name, IGNORED])) as Record<Name, typeof IGNORED>;
}

/** A property that is accepted only while it says what would be so without it. */
export function only<const Value extends string | boolean>(value: Value) {
  return v.optional(v.pipe(v.unknown(), v.transform(scalar), v.literal(value)));
}

/** CloudFormation takes numbers and booleans as texts, and a parameter is always a text. */
export const wholeNumber = v.pipe(
  v.unknown(),
  v.transform(scalar),
  v.number(),
  v.safeInteger("expected a whole number"),
  v.minValue(0, "expected at least 0"),
);
export function within(min: number, max: number) {
  const expected = `expected ${min} to ${max}`;
  return v.pipe(wholeNumber, v.minValue(min, expected), v.maxValue(max, expected));
}
export const flag = v.pipe(v.unknown(), v.transform(scalar), v.boolean());
export const text = v.pipe(v.union([v.string(), v.number(), v.boolean()]), v.transform(String));

function scalar(value: unknown): unknown {
  if (value === "true" || value === "false") return value === "true";
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

/** The properties that the runtime looks at: one without local effect may refer to what is not served. */
export function propertiesWithEffect(resource: Resource, schema: PropertiesSchema): Record<string, unknown> {
  const entries = Object.entries(resource.properties);
  return Object.fromEntries(entries.filter(([name]) => schema.entries[name] !== IGNORED));
}

/** @throws AssemblyError that names a property that is unknown, else the first that is missing or wrong. */
export function parseProperties<S extends PropertiesSchema>(
  resource: Resource,
  schema: S,
  properties: unknown,
): v.InferOutput<S> {
  const result = v.safeParse(schema, properties);
  if (result.success) return result.output;
  throw new AssemblyError(resource, explain(result.issues.find(isUnknown) ?? result.issues[0]));
}

function explain(issue: v.BaseIssue<unknown>): string {
  const property = `property ${v.getDotPath(issue) ?? ""}`;
  if (isUnknown(issue)) return unsupported(property);
  if (issue.received === "undefined") return `${property} is missing`;
  const expected = issue.kind === "schema" ? `expected ${issue.expected}` : issue.message;
  return `${property}: ${expected}, was given ${JSON.stringify(issue.input)}`;
}

function isUnknown({ type, expected }: v.BaseIssue<unknown>): boolean {
  return type === "strict_object" && expected === "never";
}
