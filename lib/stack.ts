import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { PrivateMessaging, type PrivateMessagingProps } from "./private-messaging.ts";

export interface DuetStackProps extends StackProps, Omit<PrivateMessagingProps, "alarmsTopic"> {
  /** Of an SNS topic of this Region. */
  alarmsTopicArn?: string;
}

/** All of Duet in one stack. */
export class DuetStack extends Stack {
  constructor(scope: Construct, id: string, { alarmsTopicArn, ...props }: DuetStackProps) {
    super(scope, id, props);
    // CDK leaves `Default` out of names, so that the resources have theirs from the stack.
    const { apiUrl, webSocketUrl, provider, website } = new PrivateMessaging(this, "Default", {
      ...props,
      ...(alarmsTopicArn === undefined ? {} : { alarmsTopic: Topic.fromTopicArn(this, "AlarmsTopic", alarmsTopicArn) }),
    });
    if (website !== undefined) {
      new CfnOutput(this, "WebUrl", { value: website.url, description: "The chat page" });
      new CfnOutput(this, "DistributionDomain", {
        value: website.distributionDomain,
        description: "Where the DNS record of a domain of your own leads",
      });
    }
    new CfnOutput(this, "ApiUrl", { value: apiUrl, description: "Base of /api" });
    new CfnOutput(this, "WebSocketUrl", { value: webSocketUrl, description: "Where clients subscribe" });
    new CfnOutput(this, "Issuer", { value: provider.issuer, description: "Who signs users in" });
    new CfnOutput(this, "ClientId", { value: provider.clientId, description: "As whom clients sign users in" });
  }
}
