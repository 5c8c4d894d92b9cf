import { describe, expect, test } from "vitest";
import { bundleInputs } from "../../bench/bundle-inputs.ts";
import { BUNDLE_BYTES_MAX, FUNCTION_NAMES, withBundles } from "../../bench/bundles.ts";

/** Packages that no function needs: an operator's ways to sign in, protocols that no table speaks. */
const NEVER = [
  "@aws-sdk/nested-clients",
  "@aws-sdk/credential-provider-node",
  "@aws-sdk/credential-provider-sso",
  "@aws-sdk/xml-builder",
  "@smithy/credential-provider-imds",
];

describe("the bundles of the functions", () => {
  test(`each has at most ${BUNDLE_BYTES_MAX} bytes`, async () => {
    const tooLarge = await withBundles((bundles) =>
      bundles.filter(({ bytes }) => bytes > BUNDLE_BYTES_MAX).map(({ name, bytes }) => `${name}: ${bytes} bytes`),
    );
    expect(tooLarge).toEqual([]);
  });

  test.each(FUNCTION_NAMES)("%s takes nothing in that Lambda has no use for", async (name) => {
    const packages = (await bundleInputs(name)).map(([packageName]) => packageName);
    expect(packages.filter((packageName) => NEVER.includes(packageName))).toEqual([]);
  });
});
