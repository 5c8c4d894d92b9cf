import { AssemblyError } from "./assembly-error.ts";
import type { ServedType } from "./resource-types.ts";
import type { Stack } from "./stack.ts";
import type { Resource } from "./template.ts";

/**
 * Gives the resources of a type that belong to an owner: those with the owner's reference as the value of `property`.
 *
 * @throws AssemblyError for one that belongs to none of the owners.
 */
export function groupByOwner(
  stack: Stack,
  { type, property, owners }: { type: ServedType; property: string; owners: Resource[] },
): (owner: Resource) => Resource[] {
  const groups = new Map(owners.map((owner): [string, Resource[]] => [stack.identity(owner).ref, []]));
  for (const resource of stack.resources(type)) {
    const reference = stack.text(resource, property);
    const group = groups.get(reference);
    if (group === undefined) {
      throw new AssemblyError(
        resource,
        `belongs to ${reference} (property ${property}), which the stack does not define`,
      );
    }
    group.push(resource);
  }
  return (owner) => groups.get(stack.identity(owner).ref) ?? [];
}
