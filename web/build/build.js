// Builds the pages: `node build/build.js` writes dist/, whole and ready to serve.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildAssets, buildSingle } from "./assets.js";
import { compress } from "./compress.js";
import { buildPages } from "./pages.js";
import { makeSingle } from "./single.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist`;

async function step(name, work) {
  const start = performance.now();
  const result = await work();
  console.log(`web: ${name} (${Math.round(performance.now() - start)} ms)`);
  return result;
}

process.chdir(root);
await rm(dist, { recursive: true, force: true });
const assets = await step("styles, scripts and font", () => buildAssets(dist));
await step("pages", () => buildPages(assets));
await step("the page that is kept", async () => {
  await makeSingle("dist/verifier/verifier.html", await buildSingle("scripts/verifier-file.js"));
});
await step("compressed copies", () => compress(dist));
console.log("web: ready in dist/");
