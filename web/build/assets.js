// Compiles styles and scripts, and copies the font and the icon, under names that carry a hash of
// their content: a file never changes under its name, so a cache may keep it for ever.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, extname, relative } from "node:path";
import * as esbuild from "esbuild";
import * as sass from "sass";

const FONT =
  "node_modules/@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-latin-wght-normal.woff2";
const WORKER = "node_modules/altcha/dist/workers/pbkdf2.js";
// Browsers with modules, CSS custom properties and Web Crypto: about those of 2022 and later.
const TARGET = "es2022";

/** Builds every asset. Returns their addresses: `{ styles, font, icon, scripts: { name: { src, preload } } }`. */
export async function buildAssets(root, dist) {
  await mkdir(`${dist}/assets`, { recursive: true });
  const add = (name, content) => addHashed(dist, name, content);

  const font = await add("atkinson.woff2", await readFile(FONT));
  const icon = await add("icon.svg", await readFile("images/icon.svg"));
  const styles = await add("sesame.css", compileStyles(font));
  const worker = await add("proof-worker.js", await bundleWorker());
  return { font, icon, styles, scripts: await bundleScripts(root, dist, worker) };
}

async function addHashed(dist, name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const extension = extname(name);
  const path = `/assets/${basename(name, extension)}.${hash}${extension}`;
  await writeFile(dist + path, content);
  return path;
}

function compileStyles(font) {
  const source = `@use "sesame" with ($font-address: "${font}");`;
  return sass.compileString(source, { loadPaths: ["styles", "node_modules"], style: "compressed", quietDeps: true }).css;
}

async function bundleWorker() {
  const result = await esbuild.build({ entryPoints: [WORKER], bundle: true, minify: true, target: TARGET, write: false });
  return result.outputFiles[0].contents;
}

async function bundleScripts(root, dist, worker) {
  const entries = (await readdir("scripts/pages")).map((file) => `scripts/pages/${file}`);
  const { metafile } = await esbuild.build({
    entryPoints: entries,
    outdir: `${dist}/assets`,
    entryNames: "[name].[hash]",
    chunkNames: "[name].[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    target: TARGET,
    define: { PROOF_WORKER: JSON.stringify(worker) },
    metafile: true,
  });
  const address = (output) => `/${relative(dist, `${root}/${output}`)}`;
  const scripts = {};
  for (const [output, { entryPoint, imports }] of Object.entries(metafile.outputs)) {
    if (!entries.includes(entryPoint)) continue;
    // What the page needs at once is asked for at once; `import()` is left for when it is needed.
    const preload = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => address(path));
    scripts[basename(entryPoint, ".js")] = { src: address(output), preload };
  }
  return scripts;
}
