import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    env: {
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      POWERTOOLS_LOG_LEVEL: "SILENT",
      // A JVM that lives for seconds: local/dynamodb/engines.ts.
      DYNAMODB_LOCAL_JVM_OPTIONS: "-XX:TieredStopAtLevel=1",
      // CloudFormation's rules: `npm run check` has the template held against them, once.
      CDK_VALIDATION: "false",
    },
    // Two cores: more files at once only make each slower.
    maxWorkers: 2,
  },
});
