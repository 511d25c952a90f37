import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { compressed } from "./compressed.ts";
import { engine } from "./engine.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// In tests, too, the Socket.IO client is the one of browsers: it opens what the page calls a WebSocket.
const BROWSER_SOCKETS = [
  {
    find: /^(socket|engine)\.io-client$/,
    replacement: here("node_modules/$1.io-client/build/esm/index.js"),
  },
  { find: /^(\.\/.+)\.node\.js$/, replacement: "$1.js" },
];

export default defineConfig({
  plugins: [svelte(), engine(), compressed()],
  // The server may live below a path of a proxy: files refer to each other relatively.
  base: "./",
  resolve: {
    alias: [
      { find: "$messages", replacement: here("../src/quad/messages") },
      { find: "$lib", replacement: here("src") },
      ...(process.env["VITEST"] ? BROWSER_SOCKETS : []),
    ],
    // Components are compiled for the browser in tests, too.
    ...(process.env["VITEST"] ? { conditions: ["browser"] } : {}),
  },
  build: {
    outDir: here("../src/quad/app"),
    emptyOutDir: true,
    target: "es2022",
    manifest: "manifest.json",
    // The content security policy allows no data: scripts, and small files compress well together.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { input: here("src/main.ts") },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    // Each file has a thread of its own. In contexts of one thread, which cost a quarter, files met the
    // page and the stopped clock of the one before.
    pool: "threads",
    // A slow machine is no failure.
    testTimeout: 30_000,
    server: { deps: { inline: [/\/(socket|engine)\.io-client\//] } },
  },
});
