import { isDeepStrictEqual } from "node:util";
import { AssemblyError, type Subject, unsupported } from "./assembly-error.ts";
import { type Names, resolveIntrinsics } from "./intrinsics.ts";
import type { Template } from "./template.ts";

/**
 * Whether a condition of the template holds. Conditions are settled before there are resources, so they can refer to
 * parameters, mappings and each other only. Source: AWS CloudFormation Template Reference, "Condition functions".
 *
 * @throws AssemblyError for an unknown name or function, and for conditions that refer to each other in a loop.
 */
export function createConditions(
  template: Template,
  { parameter, mapped }: { parameter: (name: string) => unknown; mapped: Names["mapped"] },
): Names["condition"] {
  const names: Names = {
    mapped,
    condition: holds,
    ref(name, subject) {
      const value = parameter(name);
      return value === undefined ? refuseReference(name, subject) : value;
    },
    attribute: ({ logicalId }, subject) => refuseReference(logicalId, subject),
  };
  const outcomes = new Map<string, boolean>();
  const underway = new Set<string>();

  function holds(name: string, referrer: Subject): boolean {
    const known = outcomes.get(name);
    if (known !== undefined) return known;
    const subject = { path: `Conditions.${name}` };
    if (template.conditions[name] === undefined) {
      throw new AssemblyError(referrer, `refers to the condition ${name}, which the template does not define`);
    }
    if (underway.has(name)) {
      throw new AssemblyError(subject, `conditions refer to each other in a loop: ${[...underway, name].join(" → ")}`);
    }
    underway.add(name);
    const outcome = evaluate(template.conditions[name], subject);
    underway.delete(name);
    outcomes.set(name, outcome);
    return outcome;
  }

  function evaluate(expression: unknown, subject: Subject): boolean {
    const [[name, argument] = ["nothing", undefined]] = Object.entries(expression ?? {});
    const operands: unknown[] = [argument].flat();
    switch (name) {
      case "Condition":
        return holds(String(argument), subject);
      case "Fn::Equals": {
        const [left, right] = operands.map((operand) => resolveIntrinsics(operand, names, subject));
        return isDeepStrictEqual(comparable(left), comparable(right));
      }
      case "Fn::And":
        return operands.every((operand) => evaluate(operand, subject));
      case "Fn::Or":
        return operands.some((operand) => evaluate(operand, subject));
      case "Fn::Not":
        return !evaluate(operands[0], subject);
      default:
        throw new AssemblyError(subject, unsupported(`the condition function ${name}`));
    }
  }

  return holds;
}

function refuseReference(name: string, subject: Subject): never {
  throw new AssemblyError(subject, `refers to ${name}, which is no parameter; a condition can refer to no resource`);
}

/** Parameters are texts, and a template may write the number or boolean that one is compared with bare. */
function comparable(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}
