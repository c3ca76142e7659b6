import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import shared from "./vite.config.ts";

// The trader's page: the same pieces and rules, another entry, served by another program.
export default mergeConfig(
  shared,
  defineConfig({
    root: "trader",
    publicDir: "../public",
    build: {
      outDir: fileURLToPath(new URL("../prover/page/pages", import.meta.url)),
      rollupOptions: { output: { entryFileNames: "trader.js", assetFileNames: "trader[extname]" } },
    },
  }),
);
