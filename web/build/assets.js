// Compiles styles and scripts, and copies the font and the icon, under names that carry a hash of
// their content: a file never changes under its name, so a cache may keep it for ever.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import * as esbuild from "esbuild";
import * as sass from "sass";
import subsetFont from "subset-font";

const FONT =
  "node_modules/@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-latin-wght-normal.woff2";
// What pages are written with: Latin letters with their accents, and the signs of French and of prices.
const CHARACTERS =
  String.fromCharCode(...Array.from({ length: 0x180 - 0x20 }, (_, rank) => 0x20 + rank)) + "–—‑‘’‚“”„†•…‰‹›€™−≤≥←→×\u2009\u202f";
// Body text and headings; the file has 200 to 800.
const WEIGHTS = { min: 400, max: 700 };
// Browsers of early 2022 and later, the first that can run all that the scripts call.
const TARGET = ["chrome97", "edge97", "firefox95", "safari15.4"];
const BUNDLED = { bundle: true, minify: true, target: TARGET, write: false };

/** Builds every asset. Returns their addresses: `{ styles, desk, font, icon, scripts: { home: … } }`. */
export async function buildAssets(dist) {
  await mkdir(`${dist}/assets`, { recursive: true });
  const add = (name, content) => addHashed(dist, name, content);

  const font = await add("atkinson.woff2", await subset(await readFile(FONT)));
  const icon = await add("icon.svg", await readFile("images/icon.svg"));
  const styles = await add("sesame.css", compileStyles(font));
  const desk = await add("desk.css", compile(`@use "agents";`));
  return { font, icon, styles, desk, scripts: await bundleScripts(add) };
}

/** What a page in one file is made of: styles with the font within, and a script that is no module. */
export async function buildSingle(entry) {
  const font = (await subset(await readFile(FONT))).toString("base64");
  const { outputFiles } = await esbuild.build({ entryPoints: [entry], format: "iife", ...BUNDLED });
  const styles = compileStyles(`data:font/woff2;base64,${font}`, "block");
  return { styles: styles.trim(), script: outputFiles[0].text.trim() };
}

/** The font with the characters and weights of the pages alone: half of its bytes, the largest part of a first visit. */
function subset(font) {
  return subsetFont(font, CHARACTERS, { targetFormat: "woff2", variationAxes: { wght: WEIGHTS } });
}

async function addHashed(dist, name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const extension = extname(name);
  const path = `/assets/${basename(name, extension)}.${hash}${extension}`;
  await writeFile(dist + path, content);
  return path;
}

function compileStyles(font, display = "optional") {
  const source = `@use "sesame" with ($font-address: "${font}", $font-display: ${display});`;
  return compile(source);
}

function compile(source) {
  return sass.compileString(source, { loadPaths: ["styles", "node_modules"], style: "compressed", quietDeps: true }).css;
}

/** One file a page: on a slow line each request costs more than the few kilobytes that pages share. */
async function bundleScripts(add) {
  const worker = await add("proof-worker.js", await bundle("scripts/proof-worker.js"));
  const proof = await add("proof.js", await bundle("scripts/proof.js", { PROOF_WORKER: worker }));
  const rules = await add("rules.js", await bundle("scripts/rules.js"));
  const passwords = await add("passwords.js", await bundle("scripts/passwords.js"));
  const judgement = await add("judgement.js", await bundle("scripts/judgement.js"));
  const forms = { PROOF_MODULE: proof, RULES_MODULE: rules };
  const acts = await add("acts.js", await bundle("scripts/acts.js", forms));
  const addresses = {
    ...forms,
    PASSWORDS_MODULE: passwords,
    JUDGEMENT_MODULE: judgement,
    ACTS_MODULE: acts,
  };
  const scripts = {};
  for (const file of await readdir("scripts/pages")) {
    scripts[basename(file, ".js")] = await add(file, await bundlePage(file, addresses));
  }
  return scripts;
}

/** A page's own script between the two that every page has; what throws keeps the last from running. */
function bundlePage(file, addresses) {
  const parts = ["./start.js", `./pages/${file}`, "./ready.js"];
  return run({ stdin: { contents: parts.map((part) => `import "${part}";`).join(""), resolveDir: "scripts" } }, addresses);
}

const bundle = (file, addresses = {}) => run({ entryPoints: [file] }, addresses);

/** `addresses` are written into the code where it names them. */
async function run(entry, addresses) {
  const define = Object.fromEntries(Object.entries(addresses).map(([name, address]) => [name, JSON.stringify(address)]));
  const { outputFiles } = await esbuild.build({ ...entry, format: "esm", external: ["/assets/*"], define, ...BUNDLED });
  return outputFiles[0].contents;
}
