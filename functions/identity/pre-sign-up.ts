import type { PreSignUpTriggerEvent } from "aws-lambda";
import { parseUsername } from "../protocol/username.ts";

/**
 * Cognito's pre-sign-up trigger: refuses a username that Duet would refuse later, such as one with a `#`, so that
 * nobody has an account with which they can do nothing. The sign-up page shows the error's message.
 * Source: Amazon Cognito developer guide, "Pre sign-up Lambda trigger".
 */
export async function handler(event: PreSignUpTriggerEvent): Promise<PreSignUpTriggerEvent> {
  const username = parseUsername(event.userName);
  // What is not in NFC would be another name to Cognito, and no name to Duet.
  if (username !== event.userName) throw new Error("The username is not in Unicode's normalization form C (NFC).");
  return event;
}
