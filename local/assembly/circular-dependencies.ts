import { AssemblyError, describe, type Subject } from "./assembly-error.ts";
import { chosenBranch, intrinsicOf, type Names, parseAttributeReference, replaceVariables } from "./intrinsics.ts";
import type { Resource } from "./template.ts";

/**
 * Refuses resources that refer to each other in a loop, as CloudFormation does: locally they could often be served, and
 * it would show only when the stack is deployed. After this, following references from resource to resource ends.
 */
export function refuseCircularDependencies(resources: Map<string, Resource>, names: Names): void {
  const finished = new Set<Resource>();
  const underway: Resource[] = [];

  function visit(resource: Resource): void {
    if (finished.has(resource)) return;
    const start = underway.indexOf(resource);
    if (start >= 0) {
      const loop = [...underway.slice(start), resource].map(describe).join(" → ");
      throw new AssemblyError(resource, `resources refer to each other in a loop, which cannot be deployed: ${loop}`);
    }
    underway.push(resource);
    for (const name of [...resource.dependsOn, ...referencesIn(resource.properties, names, resource)]) {
      const dependency = resources.get(name);
      if (dependency) visit(dependency);
    }
    underway.pop();
    finished.add(resource);
  }

  for (const resource of resources.values()) visit(resource);
}

/** The names that a value refers to, resources and parameters alike; of an `Fn::If`, those of the branch chosen. */
function referencesIn(value: unknown, names: Names, subject: Subject): string[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = (child: unknown) => referencesIn(child, names, subject);
  const intrinsic = intrinsicOf(value);
  switch (intrinsic?.name) {
    case "Ref":
      return [String(intrinsic.argument)];
    case "Fn::GetAtt":
      return [parseAttributeReference(intrinsic.argument)?.logicalId ?? ""];
    case "Fn::If":
      return inner(chosenBranch(intrinsic.argument, names, subject));
    case "Fn::Sub":
      return [...variablesOf([intrinsic.argument].flat()[0]), ...inner(intrinsic.argument)];
    default:
      return Object.values(value).flatMap(inner);
  }
}

function variablesOf(template: unknown): string[] {
  const variables: string[] = [];
  replaceVariables(String(template), (variable) => {
    variables.push(parseAttributeReference(variable)?.logicalId ?? variable);
    return "";
  });
  return variables;
}
