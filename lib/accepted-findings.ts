import { CfnResource } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** A finding of cdk-nag that is accepted. */
export interface AcceptedFinding {
  /** `AwsSolutions-IAM5` */
  id: string;
  /** Which of the rule's findings about the resource, where the rule tells them apart. */
  appliesTo?: string | { regex: string };
  /** Why it does no harm, or why there is no other way. */
  reason: string;
}

/**
 * Marks a resource, and nothing below or beside it, so that cdk-nag does not report the finding. This writes what
 * cdk-nag's own `NagSuppressions` writes, so that whoever uses the construct needs no cdk-nag.
 */
export function acceptFinding(construct: IConstruct, { id, appliesTo, reason }: AcceptedFinding): void {
  const resource = construct.node.defaultChild ?? construct;
  if (!CfnResource.isCfnResource(resource)) throw new Error(`${construct.node.path} is no resource`);
  const { rules_to_suppress: accepted = [] } = (resource.getMetadata("cdk_nag") ?? {}) as {
    rules_to_suppress?: object[];
  };
  const finding = { id, reason, ...(appliesTo === undefined ? {} : { applies_to: [appliesTo] }) };
  resource.addMetadata("cdk_nag", { rules_to_suppress: [...accepted, finding] });
}
