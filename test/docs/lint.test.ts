import { fileURLToPath } from "node:url";
import { createConfig, lint } from "@redocly/openapi-core";
import { expect, test } from "vitest";

/** The licence is that of the whole repository, and is not for one document to state. */
const config = await createConfig({ extends: ["recommended"], rules: { "info-license": "off" } });

test.each(["openapi.yaml", "asyncapi.yaml"])("docs/%s has no fault that a linter finds", async (name) => {
  const ref = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  const problems = await lint({ ref, config });
  expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }))).toEqual([]);
});
