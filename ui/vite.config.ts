import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  // Relative, so that one build works under tauri://localhost, http://127.0.0.1:PORT/ and https://server/.
  base: "./",
  build: {
    // WebKitGTK 2.50, WKWebView of macOS 13.4, and the evergreen browsers.
    target: ["es2022", "safari16.4", "chrome111", "firefox114"],
    // The page's policy allows no inline script, no inline style and no data: script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  server: { host: "127.0.0.1", port: 5199, strictPort: true },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    restoreMocks: true,
    // The colours' contrast is tested; other style sheets are left out of tests.
    css: { include: [/tokens\.css/] },
  },
  // Vitest would take Svelte's server build otherwise, in which `$state` is not reactive.
  ...(process.env["VITEST"] ? { resolve: { conditions: ["browser"] } } : {}),
});
