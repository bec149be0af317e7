import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// While the portal is worked on, the API is that of this node.
const node = process.env.ACCOLADE_NODE ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/portal/",
  plugins: [svelte()],
  build: {
    target: "es2022",
    // A file in the page's own text would need `data:` in the policy of contents.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": node, "/portal/sign-in": node, "/readyz": node, "/metrics": node, "/healthz": node } },
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test.ts"],
    pool: "threads",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
