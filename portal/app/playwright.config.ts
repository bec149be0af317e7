import { defineConfig } from "@playwright/test";

// Each worker has a node of its own; two, since most of the time one waits for what the other needs the processors for.
export default defineConfig({
  testDir: "tests",
  outputDir: "dist-tests/results",
  workers: 2,
  fullyParallel: false,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Malta",
    actionTimeout: 60_000,
    trace: "off",
    launchOptions: { executablePath: process.env.PORTAL_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] },
  },
});
