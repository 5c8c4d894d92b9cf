import { AssemblyError, type Subject, unsupported } from "./assembly-error.ts";

/** What the names in a template stand for. Each method refuses a name that it does not know, in the subject's name. */
export interface Names {
  ref(name: string, subject: Subject): unknown;
  attribute(reference: AttributeReference, subject: Subject): string;
  condition(name: string, subject: Subject): boolean;
  mapped(keys: MappingKeys, subject: Subject): unknown;
}

export interface MappingKeys {
  map: string;
  top: string;
  second: string;
}

export interface AttributeReference {
  logicalId: string;
  attribute: string;
}

/** What `Ref` gives for `AWS::NoValue`: the property or list member that holds it is left out. */
export const NO_VALUE = Symbol("AWS::NoValue");

interface Scope {
  names: Names;
  subject: Subject;
}

/** Source: AWS CloudFormation Template Reference, "Intrinsic function reference". */
const FUNCTIONS = new Map<string, (argument: unknown, scope: Scope) => unknown>([
  ["Ref", (argument, scope) => scope.names.ref(text(argument, "Ref", scope), scope.subject)],
  ["Fn::GetAtt", getAttribute],
  ["Fn::Join", join],
  ["Fn::Sub", substitute],
  ["Fn::Select", select],
  ["Fn::Split", split],
  ["Fn::If", choose],
  ["Fn::FindInMap", findInMap],
]);

/**
 * The value with every intrinsic function in it replaced by what the function gives.
 *
 * @throws AssemblyError for an intrinsic function or a name that is not known, or an argument of the wrong shape.
 */
export function resolveIntrinsics(value: unknown, names: Names, subject: Subject): unknown {
  return resolve(value, { names, subject });
}

/** The function that an object calls: one key, `Ref` or `Fn::…`. Undefined for anything else. */
export function intrinsicOf(value: unknown): { name: string; argument: unknown } | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0) return undefined;
  const [name, argument] = entry;
  return name === "Ref" || name.startsWith("Fn::") ? { name, argument } : undefined;
}

/** Reads what `Fn::GetAtt` is given: `["Table", "Arn"]`, or `"Table.Arn"`. Undefined where it is neither. */
export function parseAttributeReference(argument: unknown): AttributeReference | undefined {
  const dotted = Array.isArray(argument) ? argument.join(".") : argument;
  const [, logicalId, attribute] = /^([^.]+)\.(.+)$/.exec(String(dotted)) ?? [];
  return logicalId && attribute ? { logicalId, attribute } : undefined;
}

/** The `${…}` of a text for `Fn::Sub`, each given to `replace`; `${!Literal}` becomes `${Literal}`. */
export function replaceVariables(template: string, replace: (variable: string) => string): string {
  return template.replace(/\$\{(!?)([^{}]*)\}/g, (_, literal: string, variable: string) =>
    literal ? `\${${variable}}` : replace(variable.trim()),
  );
}

function resolve(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NO_VALUE);
  if (typeof value !== "object" || value === null) return value;

  const intrinsic = intrinsicOf(value);
  if (intrinsic === undefined) {
    const entries = Object.entries(value).map(([key, member]) => [key, resolve(member, scope)] as const);
    return Object.fromEntries(entries.filter(([, member]) => member !== NO_VALUE));
  }
  const apply = FUNCTIONS.get(intrinsic.name);
  if (apply === undefined) {
    throw new AssemblyError(scope.subject, unsupported(`the intrinsic function ${intrinsic.name}`));
  }
  return apply(intrinsic.argument, scope);
}

function getAttribute(argument: unknown, scope: Scope): string {
  const reference = parseAttributeReference(resolve(argument, scope));
  if (reference === undefined) throw misused("Fn::GetAtt", "a logical id and an attribute", argument, scope);
  return scope.names.attribute(reference, scope.subject);
}

function join(argument: unknown, scope: Scope): string {
  const [delimiter, parts] = list(argument, "Fn::Join", scope);
  return list(parts, "Fn::Join", scope)
    .map((part) => text(part, "Fn::Join", scope))
    .join(text(delimiter, "Fn::Join", scope));
}

function substitute(argument: unknown, scope: Scope): string {
  const [template, variables = {}] = Array.isArray(argument) ? argument : [argument];
  if (typeof template !== "string") throw misused("Fn::Sub", "a text", template, scope);
  const own = new Map(Object.entries(variables));
  return replaceVariables(template, (variable) => {
    if (own.has(variable)) return text(resolve(own.get(variable), scope), "Fn::Sub", scope);
    const reference = parseAttributeReference(variable);
    if (reference) return scope.names.attribute(reference, scope.subject);
    return text(scope.names.ref(variable, scope.subject), "Fn::Sub", scope);
  });
}

function select(argument: unknown, scope: Scope): unknown {
  const [index, items] = list(argument, "Fn::Select", scope);
  const item = list(items, "Fn::Select", scope)[Number(text(index, "Fn::Select", scope))];
  if (item === undefined) throw misused("Fn::Select", "an index within its list", argument, scope);
  return item;
}

function split(argument: unknown, scope: Scope): string[] {
  const [delimiter, source] = list(argument, "Fn::Split", scope);
  return text(source, "Fn::Split", scope).split(text(delimiter, "Fn::Split", scope));
}

/** Resolves only the branch that is chosen: the other may refer to what its condition leaves out. */
function choose(argument: unknown, scope: Scope): unknown {
  return resolve(chosenBranch(argument, scope.names, scope.subject), scope);
}

/** Which of `[condition, then, otherwise]` an `Fn::If` stands for, not resolved yet. */
export function chosenBranch(argument: unknown, names: Names, subject: Subject): unknown {
  if (!Array.isArray(argument) || argument.length !== 3 || typeof argument[0] !== "string") {
    throw misused("Fn::If", "a condition and two values", argument, { names, subject });
  }
  return names.condition(argument[0], subject) ? argument[1] : argument[2];
}

function findInMap(argument: unknown, scope: Scope): unknown {
  const [map, top, second, ...others] = list(argument, "Fn::FindInMap", scope).map((key) =>
    text(key, "Fn::FindInMap", scope),
  );
  if (map === undefined || top === undefined || second === undefined || others.length > 0) {
    throw misused("Fn::FindInMap", "a map and two keys", argument, scope);
  }
  return scope.names.mapped({ map, top, second }, scope.subject);
}

function list(value: unknown, name: string, scope: Scope): unknown[] {
  const resolved = resolve(value, scope);
  if (!Array.isArray(resolved)) throw misused(name, "a list", value, scope);
  return resolved;
}

/** CloudFormation takes a number or a boolean for the text that it is written as. */
function text(value: unknown, name: string, scope: Scope): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw misused(name, "a text", value, scope);
}

function misused(name: string, expected: string, given: unknown, { subject }: Scope): AssemblyError {
  return new AssemblyError(subject, `${name} needs ${expected}, was given ${JSON.stringify(given)}`);
}
