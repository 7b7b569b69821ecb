// Bundles each widget and the stylesheet into ../static; `make setup` runs it.
import { build } from "esbuild";

const options = {
  absWorkingDir: import.meta.dirname,
  outdir: "../static",
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
};
await build({
  ...options,
  format: "esm",
  entryPoints: ["src/player.js", "src/timeline.js", "src/editor.js", "src/review.js", "src/playback.js", "src/profiling.js", "src/record.js", "src/original.js", "src/pagewords.js", "src/widgets.css"],
});
// runs while the page is still read, before any module
await build({ ...options, format: "iife", entryPoints: ["src/dashboard.js"] });
