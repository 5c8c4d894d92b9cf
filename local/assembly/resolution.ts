import { AssemblyError, describe, type Subject, unsupported } from "./assembly-error.ts";
import { refuseCircularDependencies } from "./circular-dependencies.ts";
import type { CloudAssembly } from "./cloud-assembly.ts";
import { createConditions } from "./conditions.ts";
import { type Identity, identify } from "./identities.ts";
import { type AttributeReference, type MappingKeys, type Names, resolveIntrinsics } from "./intrinsics.ts";
import { createParameters } from "./parameters.ts";
import type { Resource } from "./template.ts";

/** A template whose names have got their meaning. */
export interface Resolution {
  /** The resources whose condition holds, in the template's order. */
  resources: Resource[];
  /** What other resources know the resource by. */
  identity(resource: Resource): Identity;
  /** Whether the condition holds; one that is not named does. */
  holds(condition: string | undefined, subject: Subject): boolean;
  /** The value without intrinsic functions, as AWS would see it. */
  resolve(value: unknown, subject: Subject): unknown;
}

/** @throws AssemblyError for circular dependencies, and, from each method, for what has no meaning. */
export function resolveTemplate(assembly: CloudAssembly, parameters: Record<string, string>): Resolution {
  const { template } = assembly;
  const parameter = createParameters(assembly, parameters);
  const condition = createConditions(template, { parameter, mapped });
  const names: Names = { ref, attribute, mapped, condition };

  const present = new Map([...template.resources].filter(([, resource]) => holds(resource.condition, resource)));
  refuseCircularDependencies(present, names);
  const identities = new Map<Resource, Identity>();

  function holds(name: string | undefined, subject: Subject): boolean {
    return name === undefined || condition(name, subject);
  }

  function resolve(value: unknown, subject: Subject): unknown {
    return resolveIntrinsics(value, names, subject);
  }

  function ref(name: string, subject: Subject): unknown {
    return parameter(name) ?? identity(find(name, subject)).ref;
  }

  function attribute({ logicalId, attribute: name }: AttributeReference, subject: Subject): string {
    const resource = find(logicalId, subject);
    const value = identity(resource).attributes[name];
    if (value !== undefined) return value;
    throw new AssemblyError(subject, unsupported(`the attribute ${name} of ${describe(resource)}`));
  }

  function mapped({ map, top, second }: MappingKeys, subject: Subject): unknown {
    const value = template.mappings[map]?.[top]?.[second];
    if (value !== undefined) return value;
    throw new AssemblyError(subject, `looks up ${map}.${top}.${second}, which Mappings does not hold`);
  }

  function find(logicalId: string, subject: Subject): Resource {
    const resource = present.get(logicalId);
    if (resource) return resource;
    const absent = template.resources.get(logicalId);
    const reason = absent ? `its condition ${absent.condition} leaves out` : "the template does not define";
    throw new AssemblyError(subject, `refers to ${logicalId}, which ${reason}`);
  }

  function identity(resource: Resource): Identity {
    const known = identities.get(resource);
    if (known) return known;
    const made = identify(resource, (property) => {
      const value = resolve(resource.properties[property], resource);
      return typeof value === "string" ? value : undefined;
    });
    identities.set(resource, made);
    return made;
  }

  return { resources: [...present.values()], identity, holds, resolve };
}
