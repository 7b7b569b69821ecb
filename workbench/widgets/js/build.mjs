// Bundles each widget and the stylesheet into ../static; `make setup` runs it.
import { build } from "esbuild";

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/player.js", "src/timeline.js", "src/editor.js", "src/review.js", "src/playback.js", "src/profiling.js", "src/record.js", "src/pagewords.js", "src/widgets.css"],
  outdir: "../static",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
});
