import type { PreSignUpTriggerEvent } from "aws-lambda";
import { expect, test } from "vitest";
import { handler } from "../../../functions/identity/pre-sign-up.ts";

/** What Cognito sends, as far as it is looked at. */
const signUp = (userName: string) => ({ userName, triggerSource: "PreSignUp_SignUp" }) as PreSignUpTriggerEvent;

test.each(["alice", "张三", "o.brien@x.cn"])("%s may sign up", async (name) => {
  expect(await handler(signUp(name))).toEqual(signUp(name));
});

test.each(["a#b", "a/b", "..", "a b", "x".repeat(129), "❤"])("%s may not, and is told why", async (name) => {
  await expect(handler(signUp(name))).rejects.toThrow("A username has 1 to 128 letters, digits or _ . @ + -");
});

test("a name that is not in NFC may not, since its tokens would name nobody", async () => {
  await expect(handler(signUp("Zoe\u0308"))).rejects.toThrow("normalization form C");
});
