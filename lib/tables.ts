import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, Billing, Capacity, type TablePropsV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { capacityRange, type SteadyLoad, UNITS_PER_SEND } from "./steady-load.ts";

export interface TablesProps {
  removalPolicy: RemovalPolicy;
  steadyLoad?: SteadyLoad;
}

/**
 * The tables, one noun each, on demand unless there is a steady load. Those that people's messages live in are kept when
 * the stack is deleted.
 */
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

/** Of the capacity that there is, how much is used when it has followed the load. */
const USE_PERCENT = 70;

function billingOf(table: keyof typeof UNITS_PER_SEND, load: SteadyLoad | undefined): Billing {
  if (load === undefined) return Billing.onDemand();
  const capacity = (units: number) =>
    Capacity.autoscaled({ ...capacityRange(load, units), targetUtilizationPercent: USE_PERCENT });
  const { read, write } = UNITS_PER_SEND[table];
  return Billing.provisioned({ readCapacity: capacity(read), writeCapacity: capacity(write) });
}

function string(name: string) {
  return { name, type: AttributeType.STRING };
}
