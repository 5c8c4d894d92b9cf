import { startLocal } from "./stage/local.ts";

/** Serves the probes locally until ctrl-C, for a suite that is pointed at them as at a live stage. */
const { url, token, close } = await startLocal({
  port: Number(process.env.PORT ?? 0),
  log: (source, line) => process.stderr.write(`${source}: ${line}\n`),
});
process.stdout.write(`CONFORMANCE_URL=${url}\nCONFORMANCE_TOKEN=${token}\n`);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, async () => {
    await close();
    process.exit(0);
  });
}
