import { App } from "aws-cdk-lib";
import { ConformanceStack } from "./stack.ts";

const app = new App();
const context = (key: string): string | undefined => app.node.tryGetContext(key)?.toString();

const issuer = context("issuer");
const audience = context("audience");
if ((issuer === undefined) !== (audience === undefined)) {
  throw new Error("-c issuer=… and -c audience=… are given together, or neither is and a user pool is made");
}

new ConformanceStack(app, "Conformance", {
  ...(issuer === undefined || audience === undefined ? {} : { provider: { issuer, audience } }),
  grantedScope: context("scope") ?? "aws.cognito.signin.user.admin",
});
