import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian and others put it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * A Chromium without a window. `CHROMIUM` names another executable than those in `PLACES`.
 *
 * @throws Error that says how to get one, where there is none
 */
export function launchChromium(): Promise<Browser> {
  const { CHROMIUM } = process.env;
  const executablePath = CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined)
    throw new Error(
      "The tests in a browser need Chromium, which is not here: `apt-get install chromium fonts-noto-cjk fonts-noto-color-emoji`, " +
        "or name one by the environment variable CHROMIUM.",
    );
  return chromium.launch({
    executablePath,
    args: [
      // Chromium's own sandbox refuses to run as root, as in a container; it shows this project's pages alone.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
