import { AssemblyError, unsupported } from "./assembly-error.ts";
import type { CloudAssembly } from "./cloud-assembly.ts";
import { ACCOUNT_ID, PARTITION, REGION, URL_SUFFIX } from "./identities.ts";
import { NO_VALUE } from "./intrinsics.ts";
import type { Parameter } from "./template.ts";

/**
 * The value of each parameter: what was given, else its default, and of each pseudo parameter; undefined for any other
 * name. A list type gives a list of texts. A parameter without a usable value is only refused when something refers to
 * it: the CDK adds one of an SSM type that nothing uses.
 *
 * @throws AssemblyError for a given value that the template has no parameter for.
 */
export function createParameters(
  { stackName, template }: CloudAssembly,
  given: Record<string, string>,
): (name: string) => unknown {
  const pseudoParameters = pseudoParametersOf(stackName);
  for (const name of Object.keys(given)) {
    if (template.parameters[name] === undefined) {
      const known = Object.keys(template.parameters).join(", ");
      throw new AssemblyError({ path: `Parameters.${name}` }, `is no parameter of the template; those are: ${known}`);
    }
  }

  return (name) => {
    const parameter = template.parameters[name];
    return parameter === undefined ? pseudoParameters.get(name) : parameterValue(name, parameter, given[name]);
  };
}

function parameterValue(name: string, parameter: Parameter, given: string | undefined): unknown {
  const { Type: type, Default: fallback, AllowedValues: allowed } = parameter;
  const subject = { path: `Parameters.${name}` };
  if (type.startsWith("AWS::SSM::")) throw new AssemblyError(subject, unsupported(`the type ${type}`));

  const value = given ?? fallback;
  if (value === undefined) throw new AssemblyError(subject, "has no default and was not given; give it a value");
  if (allowed && !allowed.map(String).includes(String(value))) {
    throw new AssemblyError(subject, `has to be one of ${allowed.join(", ")}, was given ${value}`);
  }
  if (type !== "CommaDelimitedList" && !type.startsWith("List<")) return String(value);
  return String(value)
    .split(",")
    .map((item) => item.trim());
}

/** Source: AWS CloudFormation User Guide, "Pseudo parameters". */
function pseudoParametersOf(stackName: string): Map<string, unknown> {
  return new Map<string, unknown>([
    ["AWS::AccountId", ACCOUNT_ID],
    ["AWS::NoValue", NO_VALUE],
    ["AWS::Partition", PARTITION],
    ["AWS::Region", REGION],
    ["AWS::StackId", `arn:${PARTITION}:cloudformation:${REGION}:${ACCOUNT_ID}:stack/${stackName}/local`],
    ["AWS::StackName", stackName],
    ["AWS::URLSuffix", URL_SUFFIX],
  ]);
}
