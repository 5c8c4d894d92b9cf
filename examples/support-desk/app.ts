/**
 * A shop's own stack, in which customers and its support desk write to each other. The shop signs its customers in
 * already, so that there is no Cognito; alarms go to the people on call.
 *
 *     cd examples/support-desk && npx cdk synth
 */
import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { PrivateMessaging } from "duet/cdk";

const app = new App();
const stack = new Stack(app, "SupportDesk");

const onCall = new Topic(stack, "OnCall", { enforceSSL: true });
onCall.addSubscription(new EmailSubscription("on-call@shop.example"));

const messaging = new PrivateMessaging(stack, "Messaging", {
  provider: { issuer: "https://login.shop.example", audience: "support-desk", usernameClaim: "preferred_username" },
  // A customer writes to the desk; the desk to all of them.
  limits: { messagesPerBurst: 30, newPeersPerHour: 5, unlimited: ["support-desk"] },
  logRetention: RetentionDays.THREE_MONTHS,
  alarmsTopic: onCall,
  runbookUrl: "https://wiki.shop.example/duet-operations",
});

new CfnOutput(stack, "ApiUrl", { value: messaging.apiUrl });
new CfnOutput(stack, "WebSocketUrl", { value: messaging.webSocketUrl });
