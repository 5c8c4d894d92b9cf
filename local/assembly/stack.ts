import type * as v from "valibot";
import type { BaseUrl } from "../model.ts";
import { localizeAddresses, type Served } from "./addresses.ts";
import { AssemblyError, unsupported } from "./assembly-error.ts";
import type { CloudAssembly } from "./cloud-assembly.ts";
import type { Identity } from "./identities.ts";
import { type PropertiesSchema, parseProperties, propertiesWithEffect } from "./properties.ts";
import { resolveTemplate } from "./resolution.ts";
import { SERVED_TYPES, type ServedType, TYPES_WITHOUT_LOCAL_EFFECT } from "./resource-types.ts";
import type { Resource } from "./template.ts";

/** A stack of known resource types, as it looks from inside the local runtime. */
export interface Stack {
  /** The resources of these types whose condition holds, in the template's order. */
  resources(...types: ServedType[]): Resource[];
  /** What other resources know the resource by. */
  identity(resource: Resource): Identity;
  /** One property that has to be a text, as AWS would see it, whatever else the resource says. */
  text(resource: Resource, property: string): string;
  /** The properties, with public addresses made local. Refuses what the schema does not list. */
  properties<S extends PropertiesSchema>(resource: Resource, schema: S): v.InferOutput<S>;
  /** The same as AWS would see them, where they are parts of a text that is to be made local as a whole. */
  deployedProperties<S extends PropertiesSchema>(resource: Resource, schema: S): v.InferOutput<S>;
  /** A text with public addresses made local. */
  localize(text: string): string;
  /** The stack's outputs by name, with public addresses made local. */
  outputs(): Record<string, string>;
}

/**
 * @throws AssemblyError for an unknown resource type, for circular dependencies, and, from each method, for what cannot
 * be resolved or read.
 */
export function openStack(
  assembly: CloudAssembly,
  { baseUrl, parameters }: { baseUrl: BaseUrl; parameters: Record<string, string> },
): Stack {
  const { resources: present, identity, holds, resolve } = resolveTemplate(assembly, parameters);
  for (const resource of present) refuseUnknownType(resource);
  const served = findServed();

  function resources(...types: ServedType[]): Resource[] {
    const wanted = new Set<string>(types);
    return present.filter(({ type }) => wanted.has(type));
  }

  function text(resource: Resource, property: string): string {
    const value = resolve(resource.properties[property], resource);
    if (typeof value === "string") return value;
    throw new AssemblyError(resource, `property ${property}: expected a text, was given ${JSON.stringify(value)}`);
  }

  function findServed(): Served {
    const refs = (type: ServedType) => resources(type).map((resource) => identity(resource).ref);
    const domains = resources("AWS::Cognito::UserPoolDomain");
    return {
      apiIds: new Set(refs("AWS::ApiGatewayV2::Api")),
      poolIds: new Set(refs("AWS::Cognito::UserPool")),
      domains: new Map(domains.map((domain) => [identity(domain).ref, text(domain, "UserPoolId")])),
      distributionDomains: new Set(
        resources("AWS::CloudFront::Distribution").flatMap(
          (resource) => identity(resource).attributes.DomainName ?? [],
        ),
      ),
    };
  }

  function localize(text: string): string {
    return localizeAddresses(text, served, baseUrl);
  }

  function localizeAll(value: unknown): unknown {
    if (typeof value === "string") return localize(value);
    if (Array.isArray(value)) return value.map(localizeAll);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, localizeAll(member)]));
  }

  function properties<S extends PropertiesSchema>(resource: Resource, schema: S): v.InferOutput<S> {
    const resolved = resolve(propertiesWithEffect(resource, schema), resource);
    return parseProperties(resource, schema, localizeAll(resolved));
  }

  function deployedProperties<S extends PropertiesSchema>(resource: Resource, schema: S): v.InferOutput<S> {
    return parseProperties(resource, schema, resolve(propertiesWithEffect(resource, schema), resource));
  }

  function outputs(): Record<string, string> {
    const entries = Object.entries(assembly.template.outputs).flatMap(
      ([name, { Value: value, Condition: condition }]) => {
        const subject = { path: `Outputs.${name}` };
        return holds(condition, subject) ? [[name, String(localizeAll(resolve(value, subject)))]] : [];
      },
    );
    return Object.fromEntries(entries);
  }

  return { resources, identity, text, properties, deployedProperties, localize, outputs };
}

function refuseUnknownType(resource: Resource): void {
  const isServed = SERVED_TYPES.some((type) => type === resource.type);
  if (!isServed && !Object.hasOwn(TYPES_WITHOUT_LOCAL_EFFECT, resource.type)) {
    throw new AssemblyError(resource, unsupported("the resource type"));
  }
}
