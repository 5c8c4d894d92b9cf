import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, type TablePropsV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { billingOf, type SteadyLoad } from "./steady-load.ts";

export interface TablesProps {
  removalPolicy: RemovalPolicy;
  steadyLoad?: SteadyLoad;
}

/** The tables, one noun each, on demand unless there is a steady load. Those that people's messages live in are kept when the stack is deleted. */
export class Tables extends Construct {
  readonly users: TableV2;
  readonly avatars: TableV2;
  readonly connections: TableV2;
  readonly conversations: TableV2;
  readonly messages: TableV2;

  constructor(scope: Construct, id: string, { removalPolicy, steadyLoad }: TablesProps) {
    super(scope, id);
    const kept = {
      removalPolicy,
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    };
    const table = (name: string, props: TablePropsV2) =>
      new TableV2(this, name, { billing: Billing.onDemand(), ...props });

    this.users = table("Users", { partitionKey: string("username"), ...kept });
    this.avatars = table("Avatars", { partitionKey: string("username"), ...kept });
    this.connections = table("Connections", {
      partitionKey: string("username"),
      sortKey: string("connectionId"),
      timeToLiveAttribute: "expiresAt",
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.conversations = table("Conversations", {
      partitionKey: string("username"),
      sortKey: string("peer"),
      billing: billingOf("conversations", steadyLoad),
      ...kept,
    });
    this.messages = table("Messages", {
      partitionKey: string("conversation"),
      sortKey: { name: "seq", type: AttributeType.NUMBER },
      billing: billingOf("messages", steadyLoad),
      ...kept,
    });
  }
}

function string(name: string) {
  return { name, type: AttributeType.STRING };
}
